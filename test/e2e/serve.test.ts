import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { childrenOf, isAlive, waitUntil } from '../integration/processes.ts';
import { onnxPredict } from './command.ts';
import { startServer, TINY_ALIASES } from './server-process.ts';

const SECRET = 'Quetzalcoatl';
const RUNNER = 'runner/main.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function classify(url: string): Promise<Response> {
  const form = new FormData();
  form.set('file', new Blob([await readFile('examples/ship.jpg')]), 'ship.jpg');
  return fetch(`${url}/predict/image_classes`, { method: 'POST', body: form });
}

function summarize(url: string, input: string, query = 'model=bart&min=5&max=40'): Promise<Response> {
  return fetch(`${url}/predict/text_summarize?${query}`, {
    method: 'POST',
    body: JSON.stringify({ text: input }),
    headers: { 'Content-Type': 'application/json' },
  });
}

/** A request of which the server waits for the last byte of its body. */
async function beginRequest(url: string, runnerOf?: number) {
  const body = JSON.stringify({ text: 'The old bridge over the Elm was closed on Monday.' });
  const sent = request(`${url}/predict/text_summarize?model=bart&min=5&max=40`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
  });
  sent.write(body.slice(0, -1));
  const inFlight = /^onnx_predict_http_requests_in_flight 2$/m;
  await waitUntil(async () => (inFlight.test(await (await fetch(`${url}/metrics`)).text()) ? true : undefined));
  if (runnerOf !== undefined) await waitUntil(async () => (await childrenOf(runnerOf, RUNNER))[0]);
  return { sent, answered: once(sent, 'response') as Promise<[IncomingMessage]>, finish: () => sent.end(body.slice(-1)) };
}

test('pictures and texts are answered, and stdout stays empty', async () => {
  const server = startServer();
  const url = await server.url;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await classify(url)).json()).toEqual({ class_label: 'ship' });
  const response = await summarize(url, 'The old bridge over the Elm was closed on Monday. It will open again in spring.');
  expect(await response.json()).toEqual({ summary: expect.stringContaining('The old bridge') });
  expect(response.headers.get('server-timing')).toMatch(
    /^load;dur=[\d.]+, queue;dur=[\d.]+, tokenize;dur=[\d.]+, encode;dur=[\d.]+, decode;dur=[\d.]+, total;dur=[\d.]+$/,
  );
  server.child.kill('SIGTERM');
  expect(await server.ended).toEqual({ status: 0, signal: null });
  expect(server.output.stdout).toBe('');
});

test('metrics count what was answered, and asking for them loads nothing', async () => {
  const { url: listening, child } = startServer();
  const url = await listening;
  const metrics = async () => (await (await fetch(`${url}/metrics`)).text()).split('\n');
  expect(await metrics()).toEqual(
    expect.arrayContaining([
      'onnx_predict_queue_depth{task="summarization"} 0',
      'onnx_predict_models_loaded{task="image-classification"} 0',
    ]),
  );
  expect(await childrenOf(child.pid!, RUNNER)).toEqual([]);
  await (await classify(url)).text();
  await (await summarize(url, 'Short.', 'model=nosuch')).text();
  expect(await metrics()).toEqual(
    expect.arrayContaining([
      'onnx_predict_requests_total{task="image-classification",model="mit-b0",outcome="ok"} 1',
      'onnx_predict_images_total 1',
      'onnx_predict_models_loaded{task="image-classification"} 1',
      'onnx_predict_http_requests_total{route="/predict/image_classes",method="POST",status="200"} 1',
      'onnx_predict_http_requests_total{route="/predict/text_summarize",method="POST",status="400"} 1',
    ]),
  );
});

describe('logs', () => {
  test('tell of every request once, on stderr and in the file, and of no text, query or name of a file', async () => {
    const path = join(folder, 'app.log');
    const server = startServer([...TINY_ALIASES, '--log-file', path]);
    const url = await server.url;
    await (await classify(`${url}`)).text();
    await (await summarize(url, `${SECRET} walked over the bridge.`, `model=bart&min=5&max=40&x=${SECRET}`)).text();
    await (await fetch(`${url}/%0a${'x'.repeat(500)}`, { headers: { 'x-request-id': 'mine', authorization: SECRET } })).text();
    server.child.kill('SIGTERM');
    await server.ended;
    const requests = server.logLines().filter((line) => 'request_id' in line);
    expect(requests).toMatchObject([
      { level: 'info', method: 'POST', route: '/predict/image_classes', status: 200, model: 'mit-b0', client: '127.0.0.1' },
      { level: 'info', method: 'POST', route: '/predict/text_summarize', status: 200, model: 'bart' },
      { level: 'info', method: 'GET', route: expect.stringMatching(/^\/%0ax{252}…$/), status: 404, request_id: 'mine' },
    ]);
    for (const line of requests) {
      expect(Object.keys(line)).toEqual([
        ...['time', 'level', 'request_id', 'method', 'route', 'status', 'duration_ms'],
        ...['bytes_in', 'bytes_out', 'model', 'queue_ms', 'client'],
      ]);
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (INFO|WARNING|ERROR) - \S/);
    expect(lines.filter((line) => line.includes(' POST /predict/'))).toHaveLength(2);
    for (const log of [server.output.stderr, lines.join()]) expect(log).not.toMatch(new RegExp(`${SECRET}|ship\\.jpg`));
  });

  test('tell of a file that cannot be written once, and the server goes on', async () => {
    const server = startServer([...TINY_ALIASES, '--log-file', folder]);
    const url = await server.url;
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/livez`)).status).toBe(200);
    const warnings = () => server.logLines().filter(({ level }) => level === 'warn');
    await waitUntil(async () => warnings()[0]);
    expect(warnings()).toEqual([expect.objectContaining({ message: expect.stringContaining(folder) })]);
  });

  test('name a client that left 499', async () => {
    const server = startServer();
    const { sent, answered } = await beginRequest(await server.url);
    sent.destroy();
    await expect(answered).rejects.toMatchObject({ code: 'ECONNRESET' });
    const [line] = await waitUntil(async () => {
      const lines = server.logLines().filter(({ route }) => route === '/predict/text_summarize');
      return lines.length > 0 ? lines : undefined;
    });
    expect(line).toMatchObject({ status: 499, level: 'info' });
  });
});

describe('preloaded models', () => {
  test('are loaded before it is ready', async () => {
    const server = startServer([...TINY_ALIASES, '--preload', 't5,mit-b0']);
    const url = await server.url;
    await waitUntil(async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined));
    expect(server.logLines().filter(({ message }) => /is loaded$/.test(String(message)))).toHaveLength(2);
    // Both stand for a model of either task: each is loaded for what its route asks.
    const loaded = (await (await fetch(`${url}/metrics`)).text()).split('\n').filter((line) => /^\w+_models_loaded{/.test(line));
    expect(loaded).toEqual([
      'onnx_predict_models_loaded{task="image-classification"} 1',
      'onnx_predict_models_loaded{task="summarization"} 1',
    ]);
  });

  test('that cannot be had end it with 4, and the reason', async () => {
    const { ended, output } = startServer(['--preload', 'broken', '--alias', `broken=${folder}`]);
    expect(await ended).toEqual({ status: 4, signal: null });
    expect(output.stderr).toContain('onnx-predict: A model could not be preloaded. ');
    expect(output.stderr).toContain(folder);
  });
});

describe('asked to end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('by %s it answers what it has begun, and leaves no runner', async (signal) => {
    const server = startServer();
    const url = await server.url;
    await (await summarize(url, 'The old bridge over the Elm was closed on Monday.')).text();
    const [runner] = await childrenOf(server.child.pid!, RUNNER);
    const begun = await beginRequest(url);
    server.child.kill(signal);
    await waitUntil(async () => {
      const refused = await fetch(`${url}/livez`, { headers: { connection: 'close' } }).then(
        () => false,
        () => true,
      );
      return refused || undefined;
    });
    begun.finish();
    const [response] = await begun.answered;
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
    expect(JSON.parse(await text(response))).toEqual({ summary: expect.stringContaining('bridge') });
    expect(await server.ended).toEqual({ status: 0, signal: null });
    expect(isAlive(runner!)).toBe(false);
  });

  test('it waits no longer than it was told to', async () => {
    const server = startServer([...TINY_ALIASES, '--shutdown-timeout', '10ms']);
    const begun = await beginRequest(await server.url);
    server.child.kill('SIGTERM');
    await expect(begun.answered).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await server.ended).toEqual({ status: 0, signal: null });
    expect(server.output.stderr).toContain('1 requests were cut off after 0.01 s');
  });

  test('twice, it ends at once by the second signal, and its runners with it', async () => {
    const server = startServer();
    const url = await server.url;
    await (await classify(url)).text();
    const runners = await childrenOf(server.child.pid!, RUNNER);
    expect(runners).toHaveLength(1);
    const begun = await beginRequest(url);
    begun.answered.catch(() => {});
    server.child.kill('SIGTERM');
    await waitUntil(async () =>
      fetch(`${url}/livez`, { headers: { connection: 'close' } }).then(
        () => undefined,
        () => true,
      ),
    );
    server.child.kill('SIGINT');
    expect(await server.ended).toEqual({ status: null, signal: 'SIGINT' });
    await waitUntil(async () => (runners.some(isAlive) ? undefined : true));
  });
});

describe('it is refused with 2 and a reason', () => {
  test('to listen where another program does', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { status, stdout, stderr } = await onnxPredict(['serve', '--port', String(port)]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`another program listens on 127.0.0.1 port ${port} already`);
    other.close();
  });

  test('to listen where others can reach it, unless that is wanted', async () => {
    const { status, stderr } = await onnxPredict(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/whoever reaches the port could use.*--api-keys FILE.*--insecure/);
    const server = startServer(['--host', '0.0.0.0', '--insecure']);
    expect(await server.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  });

  test.each([
    [['--port', '65536'], {}, '--port'],
    [['--keep-alive', 'never'], {}, '--keep-alive'],
    [['--alias', 't5'], {}, 'NAME=MODEL'],
    [['--alias', 'my/t5=tiny'], {}, 'letters, digits'],
    [['--alias', 'constructor=tiny'], {}, 'must not be constructor'],
    [['--preload', 'distilbart'], {}, '--alias distilbart=MODEL'],
    [['--cors-origin', 'https://example.org/a'], {}, 'an origin'],
    [['--rate-limit', '60'], {}, '60/m'],
    [['--trusted-proxy', 'everyone'], {}, '10.1.0.0/16'],
    [['--root-path', 'tools'], {}, '/tools/predict'],
    [[], { ONNX_PREDICT_MAX_UPLOAD_MB: 'much' }, 'ONNX_PREDICT_MAX_UPLOAD_MB'],
    [[], { ONNX_PREDICT_ALIAS: 't5=tiny,bart' }, 'ONNX_PREDICT_ALIAS'],
  ])('with %j and %j', async (args, env, reason) => {
    const { status, stderr } = await onnxPredict(['serve', ...args], { env });
    expect(status).toBe(2);
    expect(stderr).toContain(reason);
  });
});

test('variables do what flags do', async () => {
  const server = startServer([], {
    ONNX_PREDICT_PORT: '1',
    ONNX_PREDICT_ALIAS: 'mit-b0=tiny, mine=tiny',
    ONNX_PREDICT_MAX_UPLOAD_MB: '1',
    ONNX_PREDICT_MAX_BATCH_ITEMS: '2',
    ONNX_PREDICT_MAX_BATCH_MB: '3',
    ONNX_PREDICT_CORS_ORIGIN: 'https://example.org',
  });
  const url = await server.url;
  expect(await (await classify(url)).json()).toEqual({ class_label: 'ship' });
  const preflight = { method: 'OPTIONS', headers: { Origin: 'https://example.org', 'Access-Control-Request-Method': 'POST' } };
  expect((await fetch(`${url}/predict/image_classes`, preflight)).headers.get('access-control-allow-origin')).toBe(
    'https://example.org',
  );
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(2 ** 21)]), 'large');
  expect((await fetch(`${url}/predict/image_classes`, { method: 'POST', body: form })).status).toBe(413);
  const { limits } = (await (await fetch(`${url}/models/mine`)).json()) as { limits: Record<string, unknown> };
  expect(limits).toMatchObject({ max_upload_bytes: 2 ** 20, max_batch_items: 2, max_batch_bytes: 3 * 2 ** 20 });
});
