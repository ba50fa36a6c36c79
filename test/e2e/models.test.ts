import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createEngine, createServer } from 'onnx-predict';
import { afterAll, beforeAll, expect, test } from 'vitest';

const FOLDER = resolve('models/tiny-summarizer');
const engine = createEngine({
  numThreads: 1,
  aliases: { mine: FOLDER, gone: resolve('test/no-such-folder'), remote: 'mine/unknown' },
  queue: { maxCost: 7, maxWaitMs: 60_000 },
});
const server = createServer(engine, { aliases: ['t5', 'tiny', 'mine', 'gone', 'remote'], maxUploadBytes: 5000 });
let url: string;
beforeAll(async () => {
  ({ url } = await server.listen({ port: 0 }));
});
afterAll(async () => {
  await server.close({ timeoutMs: 0 });
  await engine.close();
});

const get = async (path: string) => {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, text: await response.text() };
};

test('the list names every model that requests may use, and no path', async () => {
  const { status, text } = await get('/models');
  const { models } = JSON.parse(text) as { models: { id: string; tasks: object[] }[] };
  expect(status).toBe(200);
  expect(models.map(({ id, tasks }) => [id, tasks.length])).toEqual([
    ['t5', 1],
    ['tiny', 2],
    ['mine', 1],
    ['gone', 0],
    ['remote', 0],
  ]);
  expect(text).not.toMatch(/tiny-summarizer|no-such-folder|"\//);
});

test('one model is told of with its limits', async () => {
  const { text } = await get('/models/t5');
  expect(JSON.parse(text)).toEqual({
    id: 't5',
    tasks: [
      {
        task: 'summarization',
        repository: 'Xenova/t5-small',
        revision: null,
        dtype: 'fp32',
        licence: 'Apache-2.0',
        upstream: 'google-t5/t5-small',
        on_disk: false,
        loaded: false,
        state: 'unloaded',
        max_input_tokens: null,
      },
    ],
    limits: {
      max_upload_bytes: 5000,
      max_pixels: 89_478_485,
      max_text_length: 8_388_608,
      max_batch_items: 64,
      max_batch_bytes: 104_857_600,
      queue: { max_cost: 7, max_bytes: null, max_wait_ms: 60_000 },
    },
  });
});

test('asking loads nothing, and a model that was asked for is loaded', async () => {
  const before = JSON.parse((await get('/models/mine')).text) as object;
  expect(before).toMatchObject({ tasks: [{ loaded: false, state: 'unloaded', on_disk: true, max_input_tokens: 512 }] });
  expect(engine.status()).toEqual([]);
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ inputs: await readFile('examples/lighthouse.txt', 'utf8'), parameters: { max_length: 10 } });
  expect((await fetch(`${url}/models/mine`, { method: 'POST', headers, body })).status).toBe(200);
  expect(JSON.parse((await get('/models/mine')).text)).toMatchObject({ tasks: [{ loaded: true, state: 'ready' }] });
});

test.each(['nosuch', 'T5', 'mine%2Funknown', 'mine/unknown', encodeURIComponent(FOLDER), 'Xenova%2Ft5-small'])(
  'nothing else can be named: %s',
  async (name) => {
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${url}/models/${name}`, { method });
      expect([response.status, await response.json()]).toEqual([404, { error: expect.any(String), detail: expect.any(String) }]);
    }
  },
);

test('logs and metrics know the route by its pattern alone', async () => {
  const { text } = await get('/metrics');
  expect(text).toContain('onnx_predict_http_requests_total{route="/models/{alias}",method="GET",status="200"}');
  expect(text).not.toMatch(/route="[^"]*(?:mine|nosuch)/);
});

test('a slash at the end leads to the path without it, as it was asked for', async () => {
  const response = await fetch(`${url}/models/a%0a"b/?x=1`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([307, '/models/a%0A%22b?x=1']);
});
