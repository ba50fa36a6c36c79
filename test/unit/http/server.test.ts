import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../../src/engine.ts';
import { OnnxPredictError } from '../../../src/errors.ts';
import { createEngineMetrics } from '../../../src/http/observation/engine-metrics.ts';
import type { RequestRecord } from '../../../src/http/observation/request-record.ts';
import { createServer } from '../../../src/http/server.ts';
import type { ServerOptions } from '../../../src/http/server-options.ts';
import { waitUntil } from '../../integration/processes.ts';
import { fakeEngine } from './fake-engine.ts';

async function serve(options: ServerOptions = {}, engine: Engine = fakeEngine()) {
  const records: RequestRecord[] = [];
  const server = createServer(engine, { onRequest: (record) => records.push(record), ...options });
  onTestFinished(() => server.close({ timeoutMs: 0 }));
  const { url } = await server.listen({ port: 0 });
  return { server, url, records, recorded: () => waitUntil(async () => records.at(-1)) };
}

/** A model that is loaded when the test wants it. */
function slowModel() {
  const asked: unknown[] = [];
  let settle: { readonly loaded: () => void; readonly failed: (error: Error) => void } | undefined;
  const engine = fakeEngine({
    load: (name, { task, dtype } = {}) => {
      asked.push([name, task, dtype]);
      return new Promise((resolve, reject) => {
        settle = { loaded: () => resolve({ id: name, revision: null, dtype: 'fp32' }), failed: reject };
      });
    },
  });
  return { engine, asked, settled: () => waitUntil(async () => settle) };
}

test('a server without models to preload is alive and ready', async () => {
  const { url } = await serve();
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test('HEAD is answered as GET is, without a body', async () => {
  const { url } = await serve();
  const response = await fetch(`${url}/livez`, { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '18', '']);
});

test('it is ready when what is preloaded is loaded, each for its task', async () => {
  const model = slowModel();
  const { url, server } = await serve({ preload: ['t5', 'mit-b0'], dtype: 'q8' }, model.engine);
  const loading = await fetch(`${url}/readyz`);
  expect([loading.status, await loading.json()]).toEqual([503, { detail: 'The model t5 is being loaded.' }]);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  (await model.settled()).loaded();
  await waitUntil(async () => (model.asked.length === 2 ? true : undefined));
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  (await model.settled()).loaded();
  await server.preloaded;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(model.asked).toEqual([
    ['t5', 'summarization', 'q8'],
    ['mit-b0', 'image-classification', 'q8'],
  ]);
});

test('a model that cannot be preloaded is told of, without its path', async () => {
  const model = slowModel();
  const { url, server } = await serve({ preload: ['t5'] }, model.engine);
  (await model.settled()).failed(new OnnxPredictError('MODEL_INVALID', '/home/me/t5 lacks a file'));
  await expect(server.preloaded).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  const response = await fetch(`${url}/readyz`);
  expect([response.status, await response.text()]).toEqual([
    503,
    '{"detail":"The model t5 could not be loaded (MODEL_INVALID)."}',
  ]);
});

test.each(['abc', 'a.B_c:d-1', 'x'.repeat(128)])('a request’s own id is kept: %s', async (id) => {
  const { url } = await serve();
  expect((await fetch(`${url}/livez`, { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toBe(id);
});

test.each(['', 'a b', 'x'.repeat(129), 'a"b', 'é'])('an id that could do harm is replaced: %j', async (id) => {
  const { url, recorded } = await serve();
  const given = (await fetch(`${url}/nope`, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
  expect(given).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  expect((await recorded()).requestId).toBe(given);
});

test('every answer says how long it took', async () => {
  const { url } = await serve();
  expect((await fetch(`${url}/livez`)).headers.get('server-timing')).toMatch(/^total;dur=\d+(\.\d)?$/);
});

test('every request is recorded once, without its query', async () => {
  const { url, records } = await serve();
  await (await fetch(`${url}/livez?text=secret`)).text();
  await (await fetch(`${url}/${'a'.repeat(300)}?text=secret`, { method: 'DELETE' })).text();
  await waitUntil(async () => (records.length === 2 ? true : undefined));
  expect(records[0]).toMatchObject({
    method: 'GET',
    route: '/livez',
    path: '/livez',
    status: 200,
    bytesIn: 0,
    model: null,
    client: '127.0.0.1',
  });
  expect(records[0]!.bytesOut).toBeGreaterThan(100);
  expect(records[1]).toMatchObject({ method: 'DELETE', route: null, path: `/${'a'.repeat(255)}…` });
  expect(JSON.stringify(records)).not.toContain('secret');
});

test('requests are counted by the route, and by nothing that a client can make up', async () => {
  const { url } = await serve();
  await fetch(`${url}/livez`);
  for (const path of ['a', 'b', 'c']) await fetch(`${url}/${path}`, { method: 'PROPFIND' });
  const text = await waitUntil(async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return text.includes('method="other",status="404"} 3') || text.includes('method="other",status="405"} 3') ? text : undefined;
  });
  expect(text).toContain('onnx_predict_http_requests_total{route="/livez",method="GET",status="200"} 1');
  expect(text).toContain('onnx_predict_http_requests_in_flight 1');
  expect(text).not.toMatch(/PROPFIND|route="\/[abc]"/);
});

test('metrics are told in the text format of Prometheus, and loading nothing', async () => {
  const { url } = await serve();
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('two servers cannot share their metrics', () => {
  const metrics = createEngineMetrics();
  createServer(fakeEngine(), { metrics });
  expect(() => createServer(fakeEngine(), { metrics })).toThrow(/^metrics: another server uses them already/);
});

test.each([
  ['maxUploadBytes', { maxUploadBytes: 0 }],
  ['aliases', { aliases: [] }],
  ['aliases.0', { aliases: ['org/name'] }],
  ['corsOrigins.0', { corsOrigins: ['https://example.org/path'] }],
  ['requestTimeoutMs', { requestTimeoutMs: 2 ** 31 }],
  ['preload.0', { preload: ['distilbart'] }],
  ['dtype', { dtype: 'fp8' }],
  ['logger', { logger: 'console' }],
  ['onRequest', { onRequest: true }],
  ['metrics', { metrics: {} }],
  ['maxUpload', { maxUpload: 5 }],
])('an option %s that cannot be used is refused by name: %j', (name, options) => {
  expect(() => createServer(fakeEngine(), options as unknown as ServerOptions)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(new RegExp(`^${name}[.:]`)) }),
  );
});

test('so is an address', async () => {
  const server = createServer(fakeEngine());
  await expect(server.listen({ port: 70_000 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(server.listen({ host: '' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(server.close({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
