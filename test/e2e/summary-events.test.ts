import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { createEngine, createServer } from 'onnx-predict';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEvents, parseEvents, type SentEvent, textOf } from '../event-source.ts';
import { waitUntil } from '../integration/processes.ts';
import { seededRandom } from '../unit/preprocessing/random.ts';
import { canRun, run } from './command.ts';
import { startServer, TINY_ALIASES } from './server-process.ts';

const TEXT = await readFile('examples/lighthouse.txt', 'utf8');
/** A summary that takes a while, and one that nobody waits for. */
const LONG = '?model=t5&min_length=300&max_length=300';
const ENDLESS = '?model=bart&min_length=1000&max_length=1000';
/** All of them where nobody waits for the rest of the machine. */
const NUM_CLIENTS = process.env['CI'] === undefined ? 150 : 1000;

/** What the metrics say of a name. */
async function metric(url: string, name: string): Promise<number> {
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text()) ?? [];
  return Number(value);
}

const numFiles = async () => (await readdir(tmpdir())).filter((name) => name.startsWith(`onnx-predict-${process.pid}-`)).length;
const active = (url: string) => metric(url, 'onnx_predict_requests_active{task="summarization"}');

test.skipIf(!canRun('curl', ['--version']))('the stream of docs/serving.md is what its curl line gets (needs curl)', async () => {
  const [, section = ''] = /^## Server-sent events$(.*?)^## /ms.exec(await readFile('docs/serving.md', 'utf8')) ?? [];
  const [, command = ''] = /^\$ (curl .*?)^```$/ms.exec(section) ?? [];
  const [, shown = ''] = /^```text\n(.*?)^```$/ms.exec(section) ?? [];
  const url = await startServer(['--alias', 't5=tiny']).url;
  const { stdout } = await run('bash', ['-c', command.replace('http://127.0.0.1:8000', url)]);
  const [got, expected] = [parseEvents(stdout), parseEvents(`${shown}\n`)];
  const keysOf = (events: readonly SentEvent[]) => [
    ...new Set(events.map(({ event, data }) => [event, ...Object.keys(data)].join())),
  ];
  expect(keysOf(got).sort()).toEqual(keysOf(expected).sort());
  expect(textOf(got)).toBe(textOf(expected));
  const timings = expect.objectContaining({ steps: 14 }) as unknown;
  expect(got.at(-1)).toEqual({ ...expected.at(-1), data: { ...expected.at(-1)!.data, timings } });
});

describe('a summary as events', () => {
  test('comes token by token, and with beams as far as they agree; together it is the summary', async () => {
    const url = await startServer().url;
    for (const query of ['?model=t5&min_length=10&max_length=60', '?model=bart&min=10&max=60']) {
      const events = await (await openEvents(url, { text: TEXT, query })).events();
      const texts = events.filter(({ event }) => event === 'text');
      expect(textOf(events)).toBe(events.at(-1)!.data['summary']);
      expect(texts.length).toBeGreaterThan(query.includes('t5') ? 20 : 1);
      expect(events.at(-1)).toMatchObject({
        event: 'end',
        data: { stop_reason: 'eos', timings: { load_ms: expect.any(Number) } },
      });
    }
  });

  test('tells those that wait their place, from the time that the model is loaded', async () => {
    const url = await startServer([...TINY_ALIASES, '--dtype', 'fp32']).url;
    const sources = await Promise.all(
      Array.from({ length: 12 }, () => openEvents(url, { text: TEXT, query: '?model=bart&min=20&max=40' })),
    );
    const all = await Promise.all(sources.map((source) => source.events()));
    const places = all.flatMap((events) =>
      events.flatMap(({ data }) => (typeof data['place'] === 'number' ? [data['place']] : [])),
    );
    expect(Math.max(...places)).toBeGreaterThan(8);
    expect(all.flat().filter(({ data }) => data['state'] === 'loading').length).toBeGreaterThan(8);
    expect(new Set(all.map((events) => events.at(-1)!.data['summary'])).size).toBe(1);
  });

  test('is ended before the server ends', async () => {
    const server = startServer();
    const { events, response } = await openEvents(await server.url, { text: TEXT, query: LONG });
    server.child.kill('SIGTERM');
    const got = await events();
    expect(got.at(-1)).toMatchObject({ event: 'end', data: { output_tokens: expect.any(Number) } });
    expect(response.complete).toBe(true);
    expect(await server.ended).toEqual({ status: 0, signal: null });
  });

  test('is given up with its client, and counted as 499', async () => {
    const server = startServer();
    const url = await server.url;
    const { sent, response } = await openEvents(url, { text: TEXT, query: ENDLESS });
    await once(response, 'data');
    await waitUntil(async () => ((await active(url)) === 1 ? true : undefined));
    sent.destroy();
    await waitUntil(async () => ((await active(url)) === 0 ? true : undefined));
    const [line] = server.logLines().filter(({ route }) => route === '/predict/text_summarize');
    expect(line).toMatchObject({ status: 499, model: 'bart' });
    const cancelled = 'onnx_predict_requests_total{task="summarization",model="bart",outcome="cancelled"}';
    expect(await metric(url, cancelled)).toBe(1);
  });

  test('waits for a reader that has stopped for a while', async () => {
    const url = await startServer().url;
    const { response, events } = await openEvents(url, { text: TEXT, query: LONG });
    response.pause();
    await waitUntil(async () => ((await active(url)) === 1 ? true : undefined));
    await waitUntil(async () => ((await active(url)) === 0 ? true : undefined));
    const got = await events();
    expect(textOf(got)).toBe(got.at(-1)!.data['summary']);
  });
});

test(`${NUM_CLIENTS} clients that leave when they like leave no work behind`, { timeout: 600_000 }, async () => {
  const statuses = new Map<number, number>();
  const engine = createEngine({ aliases: { t5: 'tiny', bart: 'tiny' }, numThreads: 1 });
  const server = createServer(engine, {
    pingIntervalMs: 20,
    onRequest: ({ status }) => statuses.set(status, (statuses.get(status) ?? 0) + 1),
  });
  onTestFinished(async () => {
    await server.close({ timeoutMs: 0 });
    await engine.close();
  });
  const { url, port } = await server.listen({ port: 0 });
  await engine.load('bart', { task: 'summarization' });
  const next = seededRandom(7);

  /** Leaves after some bytes of the answer, or before any; politely, or at once. */
  function visit(): Promise<void> {
    const body = JSON.stringify({ text: TEXT.slice(0, 50 + next(1200)) });
    const query = next(3) === 0 ? '?model=t5&min_length=90' : ENDLESS;
    const numBytes = next(4) === 0 ? 0 : next(6000);
    const polite = next(2) === 0;
    const delayMs = next(40);
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      let numRead = 0;
      const leave = () => (polite ? socket.destroy() : socket.resetAndDestroy());
      socket.on('error', () => {}).on('close', () => resolve());
      socket.on('data', (chunk) => {
        numRead += chunk.length;
        if (numRead > numBytes) leave();
      });
      socket.write(
        `POST /predict/text_summarize${query} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
      if (numBytes === 0) setTimeout(leave, delayMs);
    });
  }

  const numAtOnce = 12;
  let numVisits = 0;
  await Promise.all(
    Array.from({ length: numAtOnce }, async () => {
      while (numVisits++ < NUM_CLIENTS) await visit();
    }),
  );
  const idle = () => engine.status().every(({ numActive, numQueued }) => numActive + numQueued === 0);
  // The one in flight is the one that asks.
  const inFlight = () => metric(url, 'onnx_predict_http_requests_in_flight');
  await waitUntil(async () => ((await inFlight()) === 1 && idle() ? true : undefined));
  for (const status of engine.status()) expect(status).toMatchObject({ numQueued: 0, numActive: 0, cost: 0, heldBytes: 0 });
  // Some left before their request had arrived.
  expect(statuses.get(499)).toBeGreaterThan(0.9 * NUM_CLIENTS);
  expect(await active(url)).toBe(0);
  expect(await metric(url, 'onnx_predict_http_held_bytes')).toBe(0);
  expect(await numFiles()).toBe(0);
  const query = '?model=bart&min=2&max=20';
  const events = await (await openEvents(url, { text: 'A fox ran over the hill.', query })).events();
  expect(events.at(-1)).toMatchObject({ event: 'end', data: { timings: { load_ms: 0 } } });
  expect((events.at(-1)!.data['timings'] as { queue_ms: number }).queue_ms).toBeLessThan(2000);
});
