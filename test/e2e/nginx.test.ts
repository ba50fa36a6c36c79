import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createServer, type RequestRecord, type ServerOptions } from 'onnx-predict';
import { describe, expect, onTestFinished, test } from 'vitest';
import { formatStoredKey, hashApiKey } from '../../src/api-keys.ts';
import { createApp } from '../../src/http/app.ts';
import type { Route } from '../../src/http/route.ts';
import { listen } from '../http-exchange.ts';
import { waitUntil } from '../integration/processes.ts';
import { fakeEngine } from '../unit/http/fake-engine.ts';
import { standInEngine } from '../unit/http/stand-in-engine.ts';
import { CHROMIUM, launchChromium, watchPage } from './browser.ts';
import { type Changes, NGINX, startNginx } from './nginx.ts';

const PREFIX = '/tools/predict';
const MIB = 1024 * 1024;
const KEPT: Changes = { '127.0.0.1:8000/;': '127.0.0.1:8000;' };

/** A server, and nginx before it as docs/serving.md has both. */
async function serve(changes: Changes = {}, options: ServerOptions = {}, engine = fakeEngine(standInEngine())) {
  const records: RequestRecord[] = [];
  const server = createServer(engine, {
    trustedProxies: ['127.0.0.2'],
    rootPath: PREFIX,
    onRequest: (record) => records.push(record),
    ...options,
  });
  const { port, url: direct } = await server.listen({ port: 0 });
  const nginx = await startNginx(port, changes);
  onTestFinished(async () => {
    await nginx[Symbol.asyncDispose]();
    await server.close({ timeoutMs: 0 });
  });
  const recorded = (route: string) => waitUntil(async () => records.find((record) => record.route === route));
  return { url: `${nginx.url}${PREFIX}`, direct, recorded };
}

function form(size: number): FormData {
  const body = new FormData();
  body.set('file', new Blob([new Uint8Array(size)]), 'picture.png');
  return body;
}

const TEXT = JSON.stringify({ text: 'The old bridge over the Elm was closed on Monday.' });
const JSON_BODY = { method: 'POST', body: TEXT, headers: { 'Content-Type': 'application/json' } };

describe.skipIf(NGINX === undefined)('behind a reverse proxy (needs nginx)', () => {
  describe.each([
    ['takes its prefix away', {}],
    ['leaves its prefix there', KEPT],
  ])('that %s', (_, changes) => {
    test('requests are answered, and the document says where they go', async () => {
      const { url } = await serve(changes);
      expect((await fetch(`${url}/`)).status).toBe(200);
      const answer = await fetch(`${url}/predict/image_classes`, { method: 'POST', body: form(10) });
      expect(await answer.json()).toEqual({ class_label: expect.stringMatching(/^10:/) });
      const document = (await (await fetch(`${url}/openapi.json`)).json()) as { servers: unknown };
      expect(document.servers).toEqual([{ url: PREFIX }]);
    });

    test('redirects lead through it', async () => {
      const { url } = await serve(changes);
      const answer = await fetch(`${url}/predict/text_summarize/?model=t5`, { ...JSON_BODY, redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([307, `${PREFIX}/predict/text_summarize?model=t5`]);
      expect((await fetch(`${url}/predict/text_summarize/?model=t5`, JSON_BODY)).status).toBe(200);
    });

    test.skipIf(CHROMIUM === undefined)('the pages work in a browser (needs chromium)', async () => {
      const { url } = await serve(changes);
      await using browser = await launchChromium(CHROMIUM!);
      const page = await browser.newPage();
      const watch = watchPage(page, new URL(url).origin);
      await page.goto(`${url}/docs`);
      const operation = page.locator('.opblock[id$="-root__get"]');
      await operation.locator('.opblock-summary').click();
      await operation.locator('.try-out__btn').click();
      await operation.locator('.execute').click();
      await operation.locator('.live-responses-table').getByText('Welcome').first().waitFor();
      await page.goto(`${url}/redoc`);
      await page.waitForSelector('[data-section-id*="/operation/"]');
      expect(watch).toEqual({ problems: [], strangers: [] });
    });

    test('a path outside the server’s own is not found', async () => {
      const { url } = await serve(changes);
      expect((await fetch(`${url}/nothing`)).status).toBe(404);
    });
  });

  test('the client is who came to nginx, whatever it says of itself, and has one limit and one key', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const apiKeyFile = join(folder, 'keys.txt');
    await writeFile(apiKeyFile, formatStoredKey({ name: 'team-a', hash: hashApiKey('op_1') }), { mode: 0o600 });
    const { url, recorded } = await serve({}, { apiKeyFile, rateLimit: { requests: 1, periodMs: 3_600_000 } });
    const asked = (forged: string) =>
      fetch(`${url}/metrics`, { headers: { 'X-Forwarded-For': forged, Authorization: 'Bearer op_1' } });
    expect([(await asked('8.8.8.8')).status, (await asked('8.8.4.4')).status]).toEqual([200, 429]);
    const { client, key, requestId } = await recorded('/metrics');
    expect({ client, key }).toEqual({ client: '127.0.0.1', key: 'team-a' });
    expect(requestId).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
  });

  test('a proxy that is not trusted is the client itself', async () => {
    const { url, recorded } = await serve({}, { trustedProxies: [] });
    await fetch(`${url}/livez`);
    expect((await recorded('/livez')).client).toBe('127.0.0.2');
  });

  describe('an upload', () => {
    test('of the largest size gets through, a larger one is refused by the server, and one far too large by nginx', async () => {
      const { url } = await serve();
      const upload = (size: number) => fetch(`${url}/predict/image_classes`, { method: 'POST', body: form(size) });
      expect(await (await upload(20 * MIB)).json()).toEqual({ class_label: expect.stringMatching(/^20971520:/) });
      const refused = await upload(20 * MIB + 1);
      expect([refused.status, refused.headers.get('content-type')]).toEqual([413, 'application/json']);
      const byNginx = await upload(22 * MIB);
      expect([byNginx.status, byNginx.headers.get('content-type')]).toEqual([413, 'text/html']);
    });

    /** Sends half of a request, and says how many the server has in hand then. */
    async function sendHalf(changes: Changes) {
      const { url, direct } = await serve(changes);
      const numInFlight = async () => {
        // Its own route below the prefix, so that nginx has had its turn.
        await (await fetch(`${url}/livez`)).text();
        const metrics = await (await fetch(`${direct}/metrics`)).text();
        return Number(/^onnx_predict_http_requests_in_flight (\d+)$/m.exec(metrics)![1]) - 1;
      };
      const sent = request(`${url}/predict/text_summarize`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Length': TEXT.length },
      });
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      await new Promise<void>((resolve) => sent.write(TEXT.slice(0, 20), () => resolve()));
      const finish = async () => {
        sent.end(TEXT.slice(20));
        const [response] = await answered;
        await text(response);
        return response.statusCode;
      };
      return { numInFlight, finish };
    }

    test('that comes slowly waits at nginx', async () => {
      const { numInFlight, finish } = await sendHalf({});
      for (let i = 0; i < 5; i++) expect(await numInFlight()).toBe(0);
      expect(await finish()).toBe(200);
    });

    test('that comes slowly waits at the server where nginx does not collect it', async () => {
      const { numInFlight, finish } = await sendHalf({ 'proxy_request_buffering on': 'proxy_request_buffering off' });
      await waitUntil(async () => ((await numInFlight()) === 1 ? true : undefined));
      expect(await finish()).toBe(200);
    });
  });

  describe('an answer that is sent as it is made', () => {
    /** What arrives of it before its end is sent. */
    async function readEvents(changes: Changes, headers: Readonly<Record<string, string>>): Promise<readonly string[]> {
      const body = new PassThrough();
      const route: Route = {
        method: 'GET',
        path: '/stream',
        documentation: null,
        handle(context) {
          context.set({ 'Content-Type': 'text/event-stream', ...headers });
          context.status = 200;
          context.body = body;
          body.write('data: 0');
        },
      };
      const server = await listen(createApp({ routes: [route], settings: { corsOrigins: [] } }).callback());
      const nginx = await startNginx(server.port, changes);
      onTestFinished(async () => {
        await nginx[Symbol.asyncDispose]();
        await server.close();
      });
      const response = await fetch(`${nginx.url}${PREFIX}/stream`);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      const events: string[] = [];
      for (let i = 1; i <= 3; i++) {
        const { value = '' } = await reader.read();
        events.push(value);
        body.write(`data: ${i}`);
      }
      body.end();
      return events;
    }

    test.each([
      ['comes through at once, as a rule', {}, {}],
      ['comes through at once if it says so', {}, { 'X-Accel-Buffering': 'no' }],
      ['comes through at once if nginx buffers nothing', { 'proxy_buffering on': 'proxy_buffering off' }, {}],
    ])('%s', async (_, changes, headers) => {
      expect(await readEvents(changes, headers)).toEqual(['data: 0', 'data: 1', 'data: 2']);
    });
  });

  /** An engine that summarizes until nobody wants it to, and what it was asked and told. */
  function endlessEngine() {
    const seen = { asked: false, stopped: false };
    const engine = fakeEngine({
      summarize: (_, { signal } = {}) => {
        seen.asked = true;
        return new Promise((_, reject) => {
          signal!.addEventListener('abort', () => {
            seen.stopped = true;
            reject(signal!.reason);
          });
        });
      },
    });
    return { seen, engine };
  }

  test('an answer that takes too long for nginx is not made', async () => {
    const { seen, engine } = endlessEngine();
    const { url, recorded } = await serve({ 'proxy_read_timeout 300s': 'proxy_read_timeout 1s' }, {}, engine);
    expect((await fetch(`${url}/predict/text_summarize`, JSON_BODY)).status).toBe(504);
    expect(await recorded('/predict/text_summarize')).toMatchObject({ status: 499, client: '127.0.0.1' });
    expect(seen.stopped).toBe(true);
  });

  test('an answer that its client does not wait for is not made', async () => {
    const { seen, engine } = endlessEngine();
    const { url, recorded } = await serve({}, {}, engine);
    const client = new AbortController();
    const asked = fetch(`${url}/predict/text_summarize`, { ...JSON_BODY, signal: client.signal });
    await waitUntil(async () => seen.asked || undefined);
    client.abort();
    await expect(asked).rejects.toThrow();
    expect((await recorded('/predict/text_summarize')).status).toBe(499);
    expect(seen.stopped).toBe(true);
  });
});
