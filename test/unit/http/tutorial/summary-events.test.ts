import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../../src/errors.ts';
import type { SummarizeOptions, SummaryResult } from '../../../../src/schemas.ts';
import { openEvents, parseEvents, textOf } from '../../../event-source.ts';
import type { TestServer } from '../../../http-exchange.ts';
import { standInEngine } from '../stand-in-engine.ts';
import { ask, serveTutorial, type TutorialOptions } from '../tutorial-server.ts';

let servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

/** Serves summaries that go as `make` says, and in the end are the stand-in's with that text. */
async function serve(
  make: (options: Required<Pick<SummarizeOptions, 'onProgress' | 'onText' | 'signal'>>) => Promise<string>,
  options: TutorialOptions = {},
): Promise<TestServer & { readonly url: string }> {
  const summarize = async (text: string, given: SummarizeOptions = {}): Promise<SummaryResult> => {
    const { onProgress = () => {}, onText = () => {}, signal = new AbortController().signal } = given;
    const summary = await make({ onProgress, onText, signal });
    return { ...(await standInEngine().summarize(text, given)), summary };
  };
  const server = await serveTutorial({ ...options, engine: { summarize } });
  servers.push(server);
  return { ...server, url: `http://127.0.0.1:${server.port}` };
}

describe('a summary that is asked for as events', () => {
  test('comes in parts as they are made, with how far it is, and whole in the end', async () => {
    let goOn = () => {};
    const { url } = await serve(async ({ onProgress, onText }) => {
      onProgress({ type: 'state', state: 'queued', place: 2 });
      await delay(1);
      onProgress({ type: 'tokens', outputTokens: 2, maxLength: 9 });
      onText('A');
      onProgress({ type: 'tokens', outputTokens: 3, maxLength: 9 });
      onText(' fox\n');
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      onText('ran.');
      return 'A fox\nran.';
    });
    const { response, events } = await openEvents(url);
    expect([response.statusCode, response.headers]).toMatchObject([
      200,
      {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        vary: 'Accept',
        'transfer-encoding': 'chunked',
        'x-content-type-options': 'nosniff',
      },
    ]);
    expect(response.headers['content-encoding']).toBeUndefined();
    let seen = '';
    while (!seen.includes(' fox')) seen += String((await response.iterator({ destroyOnReturn: false }).next()).value);
    goOn();
    expect(parseEvents(seen)).toEqual([
      { event: 'progress', data: { state: 'queued', place: 2, output_tokens: 0, max_length: null } },
      { event: 'progress', data: { state: 'running', place: null, output_tokens: 3, max_length: 9 } },
      { event: 'text', data: { delta: 'A fox\n' } },
    ]);
    expect(await events()).toEqual([
      { event: 'text', data: { delta: 'ran.' } },
      {
        event: 'end',
        data: {
          summary: 'A fox\nran.',
          score: null,
          input_tokens: 5,
          dropped_tokens: 0,
          truncated: false,
          output_tokens: 2,
          stop_reason: 'eos',
          model: { id: 't5', revision: null, dtype: 'fp32' },
          timings: { load_ms: 1, queue_ms: 2, tokenize_ms: 3, encode_ms: 4, decode_ms: 5, steps: 6 },
        },
      },
    ]);
  });

  test('comes as JSON to everybody who does not ask for events by their name', async () => {
    const server = await serve(async () => 'A fox.');
    for (const accept of ['*/*', 'text/*', 'application/json', 'application/json, text/event-stream', 'text/html']) {
      const headers = { 'Content-Type': 'application/json', Accept: accept };
      const answer = await ask(server, '/predict/text_summarize', { headers, body: '{"text":"a"}' });
      expect(answer).toMatchObject({ status: 200, text: '{"summary":"A fox."}' });
      expect(answer.headers['content-type']).toBe('application/json');
    }
  });

  test('is refused with its own status where it is refused before it is begun', async () => {
    const { url } = await serve(() => Promise.reject(new OnnxPredictError('QUEUE_FULL', 'full', { retryAfterMs: 7000 })));
    const full = await openEvents(url);
    expect([full.response.statusCode, full.response.headers['retry-after']]).toEqual([429, '7']);
    expect(full.response.headers['content-type']).toBe('application/json');
    expect((await openEvents(url, { text: ' ' })).response.statusCode).toBe(400);
    expect((await openEvents(url, { query: '?min_length=x' })).response.statusCode).toBe(422);
    const scheduled = await serve(({ onProgress }) => {
      onProgress({ type: 'state', state: 'loading', place: 1 });
      return Promise.reject(new OnnxPredictError('MODEL_INVALID', '/srv/secret'));
    });
    expect((await openEvents(scheduled.url)).response.statusCode).toBe(503);
  });

  test('ends with an error event where it fails later, which tells what the status would have', async () => {
    const warnings: string[] = [];
    const failing = (code: 'RUNNER_CRASHED' | 'QUEUE_TIMEOUT' | 'INVALID_ARGUMENT') =>
      serve(
        async ({ onProgress }) => {
          onProgress({ type: 'state', state: 'queued', place: 1 });
          await delay(1);
          throw new OnnxPredictError(code, '/srv/secret');
        },
        { warnings },
      );
    const crashed = await openEvents((await failing('RUNNER_CRASHED')).url);
    expect(crashed.response.statusCode).toBe(200);
    expect((await crashed.events()).at(-1)).toEqual({
      event: 'error',
      data: { status: 500, code: 'RUNNER_CRASHED', detail: expect.stringMatching(/send the request again/) as string },
    });
    expect(warnings).toHaveLength(1);
    const late = await openEvents((await failing('QUEUE_TIMEOUT')).url);
    expect((await late.events()).at(-1)).toMatchObject({ data: { status: 503, code: 'QUEUE_TIMEOUT', retry_after: 1 } });
    const impossible = await openEvents((await failing('INVALID_ARGUMENT')).url, { query: '?model=bart&max_length=1000' });
    expect((await impossible.events()).at(-1)).toEqual({
      event: 'error',
      data: { status: 422, detail: [expect.objectContaining({ loc: ['query', 'max_length'] })] },
    });
    expect(warnings).toHaveLength(2);
  });

  test('is kept open by comments while nothing happens, from before its beginning', async () => {
    let goOn = () => {};
    const { url } = await serve(
      () =>
        new Promise<string>((resolve) => {
          goOn = () => resolve('A fox.');
        }),
      { settings: { pingIntervalMs: 5 } },
    );
    const { response, events } = await openEvents(url);
    expect(response.statusCode).toBe(200);
    let seen = '';
    for await (const chunk of response.iterator({ destroyOnReturn: false })) {
      seen += String(chunk);
      if (seen.length > 30) break;
    }
    expect(seen).toMatch(/^(: ping\n\n){3,}$/);
    goOn();
    expect((await events()).at(-1)).toMatchObject({ event: 'end', data: { summary: 'A fox.' } });
  });

  test('is given up when its client leaves', async () => {
    const left = new Promise<unknown>((resolve) => {
      void serve(
        ({ onText, signal }) =>
          new Promise((_, reject) => {
            onText('A');
            signal.addEventListener('abort', () => {
              resolve(signal.reason);
              reject(signal.reason as Error);
            });
          }),
      ).then(async ({ url }) => (await openEvents(url)).sent.destroy());
    });
    expect(await left).toMatchObject({ name: 'ClientGone' });
  });
});

describe('connections', () => {
  test('a client of HTTP/1.0 gets the events as they are, and the end of the connection', async () => {
    const { port } = await serve(async ({ onText }) => {
      onText('A fox.');
      return 'A fox.';
    });
    const body = '{"text":"a"}';
    const head = `Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = await new Promise<string>((resolve) => {
      let bytes = '';
      const socket = connect(port, '127.0.0.1');
      socket.on('data', (chunk) => (bytes += String(chunk))).on('close', () => resolve(bytes));
      socket.write(`POST /predict/text_summarize HTTP/1.0\r\nConnection: keep-alive\r\n${head}${body}`);
    });
    const [headers = '', events = ''] = answer.split('\r\n\r\n');
    expect(headers).not.toMatch(/transfer-encoding/i);
    expect(parseEvents(events).map(({ event }) => event)).toEqual(['text', 'end']);
  });

  test('are used again after a stream that was read to its end', async () => {
    const { url } = await serve(async ({ onText }) => {
      onText('A fox.');
      return 'A fox.';
    });
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 3; i++) {
      const { response, events } = await openEvents(url, { headers: { Connection: 'keep-alive' } });
      ports.add(response.socket.localPort);
      expect(textOf(await events())).toBe('A fox.');
    }
    expect(ports.size).toBe(1);
  });
});
