import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createEngine, createServer, type EngineEvent, type EngineOptions, type ServerOptions } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

const TEXT = await readFile('examples/lighthouse.txt', 'utf8');
const NAMES = ['ship', 'truck', 'airplane', 'automobile'] as const;
const PICTURES = await Promise.all(NAMES.map((name) => readFile(`examples/${name}.jpg`)));
const ALIASES = { 'mit-b0': 'tiny', t5: 'tiny', bart: 'tiny' };
const MAX_UPLOAD_BYTES = 2_000_000;

async function serve(engineOptions: EngineOptions = {}, options: ServerOptions = {}) {
  const events: EngineEvent[] = [];
  const engine = createEngine({ numThreads: 1, aliases: ALIASES, ...engineOptions });
  engine.observe((event) => events.push(event));
  const server = createServer(engine, { maxUploadBytes: MAX_UPLOAD_BYTES, maxBatchItems: 8, ...options });
  const { url } = await server.listen({ port: 0 });
  const close = async () => {
    await server.close({ timeoutMs: 0 });
    await engine.close();
  };
  return { url, engine, events, close };
}

let shared: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  shared = await serve();
});
afterAll(() => shared.close());

async function classify(files: readonly Buffer[], query = '', url = shared.url) {
  const form = new FormData();
  for (const [i, file] of files.entries()) form.append('file', new Blob([file]), `${i}.jpg`);
  const response = await fetch(`${url}/predict/batch/image_classes${query}`, { method: 'POST', body: form });
  return { status: response.status, headers: response.headers, json: (await response.json()) as unknown };
}

async function summarize(body: unknown, query = '?model=bart', url = shared.url) {
  const response = await fetch(`${url}/predict/batch/text_summarize${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as unknown };
}

describe('several pictures', () => {
  test('are named in their order', async () => {
    const { status, json } = await classify(PICTURES);
    expect([status, json]).toEqual([200, { results: NAMES.map((name) => ({ class_label: name })) }]);
  });

  test('are each told of as one alone is', async () => {
    const { json } = await classify(PICTURES.slice(0, 2), '?top=2');
    const form = new FormData();
    form.set('file', new Blob([PICTURES[1]!]), 'a.jpg');
    const response = await fetch(`${shared.url}/predict/image_classes?top=2`, { method: 'POST', body: form });
    const alone = (await response.json()) as object;
    const timings = expect.any(Object) as object;
    expect(json).toMatchObject({ results: [{ class_label: 'ship' }, { ...alone, timings }] });
  });

  test('fail each for itself, and leave no file behind', async () => {
    const tooLarge = Buffer.alloc(MAX_UPLOAD_BYTES + 1);
    const padded = Buffer.concat([PICTURES[1]!, Buffer.alloc(1_200_000)]);
    const { status, json } = await classify([PICTURES[0]!, Buffer.from('x'), tooLarge, padded]);
    expect([status, json]).toEqual([
      200,
      {
        results: [
          { class_label: 'ship' },
          { error: { code: expect.stringMatching(/^IMAGE_/) as string, detail: expect.any(String) as string } },
          {
            error: {
              code: 'IMAGE_TOO_LARGE',
              detail: `The file is longer than ${MAX_UPLOAD_BYTES} bytes, the limit of this server.`,
            },
          },
          { class_label: 'truck' },
        ],
      },
    ]);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(`onnx-predict-${process.pid}-`))).toEqual([]);
  });

  test('may be only so many', async () => {
    const { status, json } = await classify(Array.from({ length: 9 }, () => PICTURES[0]!));
    expect([status, json]).toEqual([413, { detail: 'More than 8 files, the limit of this server.' }]);
  });

  test('may have only so many bytes together', async () => {
    const small = await serve({}, { maxBatchBytes: 10_000 });
    onTestFinished(small.close);
    const { status, json } = await classify([Buffer.alloc(6000), Buffer.alloc(6000)], '', small.url);
    expect([status, json]).toEqual([413, { detail: 'The body is longer than 10000 bytes, the limit of this server.' }]);
  });

  test('are needed, and as files', async () => {
    expect(await classify([])).toMatchObject({ status: 422, json: { detail: [{ type: 'missing', loc: ['body', 'file'] }] } });
    const form = new FormData();
    form.append('file', new Blob([PICTURES[0]!]), 'a.jpg');
    form.append('file', 'text');
    const response = await fetch(`${shared.url}/predict/batch/image_classes`, { method: 'POST', body: form });
    expect([response.status, await response.json()]).toMatchObject([422, { detail: [{ loc: ['body', 'file', 1] }] }]);
  });
});

describe('several texts', () => {
  const texts = Array.from({ length: 6 }, (_, i) => TEXT.slice(i * 40, 300 + i * 100));

  test('are summarized together, in their order, each as if it were alone', async () => {
    const { url, events, close } = await serve();
    onTestFinished(close);
    const { status, json } = await summarize({ texts }, '?model=bart&min=5&max=30', url);
    const alone = await Promise.all(
      texts.map(async (text) => {
        const headers = { 'Content-Type': 'application/json' };
        const body = JSON.stringify({ text });
        return (await fetch(`${url}/predict/text_summarize?model=bart&min=5&max=30`, { method: 'POST', headers, body })).json();
      }),
    );
    expect([status, json]).toEqual([200, { results: alone }]);
    // With four beams, two fill a batch.
    expect(Math.max(...events.map((event) => (event.type === 'batch' ? event.size : 0)))).toBeGreaterThanOrEqual(2);
  });

  test('are told of as one alone is', async () => {
    const { json } = await summarize({ texts: texts.slice(0, 2) }, '?verbose=1&min_length=3&max_length=20');
    const verbose = { summary: expect.any(String) as string, input_tokens: expect.any(Number) as number, model: { id: 't5' } };
    expect(json).toMatchObject({ results: [verbose, verbose] });
  });

  test('fail each for itself', async () => {
    const { status, json } = await summarize({ texts: [texts[0], '  ', `\ud800 ${texts[1]}`, texts[2]] });
    const summary = { summary: expect.any(String) as string };
    const failure = (detail: string) => ({ error: { code: 'TEXT_INVALID', detail } });
    expect([status, json]).toEqual([
      200,
      { results: [summary, failure('Text cannot be empty'), failure(expect.stringContaining('surrogate') as string), summary] },
    ]);
  });

  test.each([
    [{}, ['body', 'texts'], 'missing'],
    [{ texts: 'one' }, ['body', 'texts'], 'list_type'],
    [{ texts: [] }, ['body', 'texts'], 'too_short'],
    [{ texts: ['one', 2] }, ['body', 'texts', 1], 'string_type'],
  ])('have to be a list of strings: %j', async (body, loc, type) => {
    expect(await summarize(body)).toMatchObject({ status: 422, json: { detail: [{ loc, type }] } });
  });

  test('may be only so many, and of a model that is offered', async () => {
    expect(await summarize({ texts: Array.from({ length: 9 }, () => 'a') })).toMatchObject({ status: 413 });
    expect(await summarize({ texts }, '?model=nosuch')).toMatchObject({
      status: 400,
      json: { detail: 'Invalid model specified.' },
    });
  });

  test('fail together where the model is at fault', async () => {
    const offline = await serve({ aliases: {} });
    onTestFinished(offline.close);
    expect(await summarize({ texts }, '?model=bart', offline.url)).toMatchObject({
      status: 503,
      json: { detail: expect.stringContaining('onnx-predict pull') as string },
    });
  });
});

test('a batch that finds no room is refused as a whole, and takes nothing in', async () => {
  const { url, engine, events, close } = await serve({ queue: { maxCost: 3 } });
  onTestFinished(close);
  await engine.load('bart', { task: 'summarization' });
  const running = engine.summarize(TEXT, { model: 'bart', minNewTokens: 90, maxNewTokens: 90 });
  const { status, headers } = await summarize({ texts: Array.from({ length: 4 }, () => TEXT) }, '?model=bart', url);
  expect(status).toBe(429);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  await running;
  expect(events.filter(({ type }) => type === 'answered')).toHaveLength(1);
  // Where nothing else waits, it is taken however large.
  expect((await summarize({ texts: Array.from({ length: 4 }, () => TEXT) }, '?model=bart&max=10', url)).status).toBe(200);
});
