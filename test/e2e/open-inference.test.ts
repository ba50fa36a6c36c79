import { readFile } from 'node:fs/promises';
import { createEngine, createServer, type Engine } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { fakeEngine } from '../unit/http/fake-engine.ts';

const TEXT = await readFile('examples/lighthouse.txt', 'utf8');
const PICTURES = await Promise.all(['ship', 'truck', 'airplane'].map((name) => readFile(`examples/${name}.jpg`)));
const COMMIT = 'a'.repeat(40);
const HEADER = 'Inference-Header-Content-Length';

const engine = createEngine({ numThreads: 1, aliases: { t5: 'models/tiny-summarizer', gone: 'test/no-such-folder' } });
const server = createServer(engine, { aliases: ['tiny', 't5', 'mit-b0', 'gone'], maxBatchItems: 4, maxUploadBytes: 300_000 });
let url: string;
beforeAll(async () => {
  ({ url } = await server.listen({ port: 0 }));
});
afterAll(async () => {
  await server.close({ timeoutMs: 0 });
  await engine.close();
});

async function get(path: string, base = url) {
  const response = await fetch(`${base}/v2${path}`);
  return [response.status, await response.json()];
}

async function infer(model: string, request: unknown, base = url) {
  const response = await fetch(`${base}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

function bytesTensor(name: string, elements: readonly Buffer[]): { readonly input: object; readonly binary: Buffer } {
  const binary = Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );
  return {
    input: { name, shape: [elements.length], datatype: 'BYTES', parameters: { binary_data_size: binary.length } },
    binary,
  };
}

async function inferBinary(model: string, { input, binary }: ReturnType<typeof bytesTensor>, request: object = {}) {
  const json = Buffer.from(JSON.stringify({ ...request, inputs: [input] }));
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream', [HEADER]: String(json.length) },
    body: Buffer.concat([json, binary]),
  });
  const body = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get(HEADER) ?? body.length);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    json: JSON.parse(body.toString('utf8', 0, length)) as Record<string, unknown>,
    rest: body.subarray(length),
  };
}

const texts = (data: readonly string[], shape: readonly number[] = [data.length]) => ({
  name: 'text',
  shape,
  datatype: 'BYTES',
  data,
});
const pictures = (data: readonly Buffer[]) => ({
  name: 'image',
  shape: [data.length],
  datatype: 'BYTES',
  data: data.map((bytes) => bytes.toString('base64')),
});

describe('the server', () => {
  test('says what it is, and that it lives and is ready', async () => {
    expect(await get('')).toEqual([
      200,
      { name: 'onnx-predict', version: expect.stringMatching(/^\d+\./) as string, extensions: ['binary_tensor_data'] },
    ]);
    expect(await get('/health/live')).toEqual([200, { live: true }]);
    expect(await get('/health/ready')).toEqual([200, { ready: true }]);
  });

  test('is not ready while models are preloaded', async () => {
    const loading = createServer(fakeEngine({ load: () => new Promise(() => {}) }), { preload: ['t5'] });
    onTestFinished(() => loading.close({ timeoutMs: 0 }));
    const { url } = await loading.listen({ port: 0 });
    expect(await get('/health/ready', url)).toEqual([503, { ready: false }]);
    expect(await get('/health/live', url)).toEqual([200, { live: true }]);
    expect(await get('/models/t5/ready', url)).toEqual([503, { name: 't5', ready: false }]);
  });
});

describe('a model', () => {
  test('is described by its tensors', async () => {
    expect(await get('/models/t5')).toEqual([
      200,
      {
        name: 't5',
        platform: 'onnx_onnxv1',
        inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
        outputs: [
          { name: 'summary', datatype: 'BYTES', shape: [-1] },
          { name: 'truncated', datatype: 'BOOL', shape: [-1] },
          { name: 'input_tokens', datatype: 'INT32', shape: [-1] },
          { name: 'output_tokens', datatype: 'INT32', shape: [-1] },
        ],
      },
    ]);
    expect(await get('/models/tiny')).toMatchObject([200, { inputs: [{ name: 'image' }, { name: 'text' }] }]);
  });

  test('is ready if its files are here', async () => {
    expect(await get('/models/tiny/ready')).toEqual([200, { name: 'tiny', ready: true }]);
    expect(await get('/models/mit-b0/ready')).toEqual([503, { name: 'mit-b0', ready: false }]);
    expect(await get('/models/gone/ready')).toEqual([503, { name: 'gone', ready: false }]);
  });

  test.each(['/models/nosuch', '/models/TINY/ready', '/models/tiny/versions/1', '/models/tiny/versions/1/ready', '/nosuch'])(
    'that is not there is told as the protocol has it: %s',
    async (path) => {
      expect(await get(path)).toEqual([404, { error: expect.any(String) as string }]);
    },
  );

  test('has the commit that it was made from as its version, and no other', async () => {
    const answers = { model: { id: 'Xenova/t5-small', revision: COMMIT, dtype: 'fp32' }, summary: 'Short.' };
    const hosted = createServer(
      fakeEngine({
        describe: async () => [
          {
            task: 'summarization',
            repository: 'Xenova/t5-small',
            revision: COMMIT,
            dtypes: ['fp32'],
            maxInputTokens: 512,
            licence: 'Apache-2.0',
            upstream: null,
          },
        ],
        summarizeAll: (async () => [{ result: answers }]) as unknown as Engine['summarizeAll'],
      }),
    );
    onTestFinished(() => hosted.close({ timeoutMs: 0 }));
    const { url } = await hosted.listen({ port: 0 });
    expect(await get(`/models/t5/versions/${COMMIT}`, url)).toMatchObject([200, { name: 't5', versions: [COMMIT] }]);
    expect(await get(`/models/t5/versions/${COMMIT}/ready`, url)).toEqual([200, { name: 't5', ready: true }]);
    const request = { inputs: [texts(['Long.'])], outputs: [{ name: 'summary' }] };
    expect(await infer(`t5/versions/${COMMIT}`, request, url)).toMatchObject({
      status: 200,
      json: { model_name: 't5', model_version: COMMIT },
    });
    expect(await infer('t5/versions/main', request, url)).toMatchObject({
      status: 404,
      json: { error: expect.any(String) as string },
    });
  });
});

describe('texts', () => {
  test('are summarized, a row for each', async () => {
    const rows = [TEXT, TEXT.slice(0, 400)];
    const { status, json } = await infer('tiny', {
      id: 'a-1',
      inputs: [texts(rows)],
      parameters: { num_beams: 2, max_length: 30 },
    });
    const alone = await Promise.all(rows.map((row) => engine.summarize(row, { model: 'tiny', numBeams: 2, maxLength: 30 })));
    expect(status).toBe(200);
    expect(json).toEqual({
      model_name: 'tiny',
      id: 'a-1',
      outputs: [
        { name: 'summary', datatype: 'BYTES', shape: [2], data: alone.map(({ summary }) => summary) },
        { name: 'truncated', datatype: 'BOOL', shape: [2], data: [false, false] },
        { name: 'input_tokens', datatype: 'INT32', shape: [2], data: alone.map(({ inputTokens }) => inputTokens) },
        { name: 'output_tokens', datatype: 'INT32', shape: [2], data: alone.map(({ outputTokens }) => outputTokens) },
      ],
    });
  });

  test('come nested too, and in binary', async () => {
    const outputs = [{ name: 'summary' }];
    const nested = { name: 'text', shape: [1, 1], datatype: 'BYTES', data: [[TEXT]] };
    const { json } = await infer('t5', { inputs: [nested], outputs });
    expect(json['outputs']).toMatchObject([{ shape: [1], data: [(await engine.summarize(TEXT, { model: 'tiny' })).summary] }]);
    expect((await inferBinary('t5', bytesTensor('text', [Buffer.from(TEXT)]), { outputs })).json).toEqual(json);
  });
});

describe('pictures', () => {
  test('are labelled, a row for each', async () => {
    const { json } = await infer('tiny', { inputs: [pictures(PICTURES)], parameters: { top_k: 2 } });
    expect(json['outputs']).toEqual([
      { name: 'class_label', datatype: 'BYTES', shape: [3], data: ['ship', 'truck', 'airplane'] },
      {
        name: 'labels',
        datatype: 'BYTES',
        shape: [3, 2],
        data: expect.arrayContaining(['ship', 'truck', 'airplane']) as string[],
      },
      { name: 'scores', datatype: 'FP32', shape: [3, 2], data: expect.any(Array) as number[] },
    ]);
  });

  test('come in binary as they are, and are answered in binary where that is wanted', async () => {
    const sent = bytesTensor('image', PICTURES);
    const { json: plain } = await inferBinary('tiny', sent, { parameters: { top_k: 2 } });
    expect(plain['outputs']).toMatchObject([{ data: ['ship', 'truck', 'airplane'] }, {}, {}]);
    const { type, json, rest } = await inferBinary('tiny', sent, {
      parameters: { top_k: 2, binary_data_output: true },
      outputs: [{ name: 'scores' }, { name: 'labels', parameters: { binary_data: false } }, { name: 'class_label' }],
    });
    expect(type).toBe('application/octet-stream');
    const [scores, labels, names] = json['outputs'] as { readonly parameters: { readonly binary_data_size: number } }[];
    expect(labels).toHaveProperty('data');
    expect(scores!.parameters.binary_data_size).toBe(24);
    expect(rest.length).toBe(24 + names!.parameters.binary_data_size);
    const [, , { data }] = plain['outputs'] as [unknown, unknown, { readonly data: number[] }];
    expect(Array.from({ length: 6 }, (_, i) => rest.readFloatLE(4 * i))).toEqual(data.map(Math.fround));
    expect(rest.subarray(24)).toEqual(
      bytesTensor(
        '',
        ['ship', 'truck', 'airplane'].map((name) => Buffer.from(name)),
      ).binary,
    );
  });
});

describe('what cannot be answered is told in one sentence', () => {
  const text = texts([TEXT]);
  test.each([
    ['another input', 'tiny', { inputs: [{ ...text, name: 'input_ids' }] }, 400, 'inputs.0.name: must be image or text'],
    ['an input of another task', 't5', { inputs: [pictures(PICTURES)] }, 400, 'inputs.0.name: must be text'],
    ['two inputs', 'tiny', { inputs: [text, text] }, 400, 'inputs: must be one tensor, image or text'],
    ['another type', 'tiny', { inputs: [{ ...text, datatype: 'FP32' }] }, 400, 'inputs.0.datatype: must be BYTES'],
    ['another shape', 'tiny', { inputs: [texts([TEXT], [1, 2])] }, 400, 'inputs.0.shape: must be [n] or [n, 1]'],
    ['no rows', 'tiny', { inputs: [texts([])] }, 400, 'inputs.0.shape: must be [n]'],
    ['another number of rows', 'tiny', { inputs: [texts([TEXT], [2])] }, 400, 'has 1 elements, where its shape says 2'],
    ['too many rows', 'tiny', { inputs: [texts(Array.from({ length: 5 }, () => 'x'))] }, 413, 'more than 4 rows'],
    ['an empty row', 'tiny', { inputs: [texts([TEXT, ' '])] }, 400, 'inputs.0.data.1: Text cannot be empty'],
    ['a row that is no picture', 'tiny', { inputs: [pictures([PICTURES[0]!, Buffer.from('x')])] }, 400, 'Row 1: '],
    [
      'a row that is no base64',
      'tiny',
      { inputs: [{ ...text, name: 'image' }] },
      400,
      'inputs.0.data.0: must be a picture in base64',
    ],
    ['a picture that is too large', 'tiny', { inputs: [pictures([Buffer.alloc(300_001)])] }, 413, '300000 bytes'],
    ['another output', 'tiny', { inputs: [text], outputs: [{ name: 'labels' }] }, 400, 'outputs.0.name: must be one of summary'],
    ['an output twice', 'tiny', { inputs: [text], outputs: [{ name: 'summary' }, { name: 'summary' }] }, 400, 'asked for twice'],
    ['another parameter', 'tiny', { inputs: [text], parameters: { top_k: 1 } }, 400, 'parameters.top_k: is not known here'],
    [
      'a parameter out of bounds',
      'tiny',
      { inputs: [text], parameters: { num_beams: 0 } },
      400,
      'parameters.num_beams: must be at least 1',
    ],
    ['a model that cannot be had', 'mit-b0', { inputs: [pictures(PICTURES)] }, 503, 'onnx-predict pull'],
  ])('%s', async (_, model, request, status, message) => {
    expect(await infer(model, request)).toEqual({ status, json: { error: expect.stringContaining(message) as string } });
  });

  test('a text in binary that is no UTF-8', async () => {
    const { status, json } = await inferBinary('tiny', bytesTensor('text', [Buffer.from([0xff])]));
    expect([status, json]).toEqual([400, { error: 'inputs.0.data.0: must be UTF-8' }]);
  });

  test('a method that a path does not have', async () => {
    const response = await fetch(`${url}/v2/models/tiny/infer`);
    expect([response.status, await response.json()]).toEqual([405, { error: 'Method Not Allowed' }]);
  });
});
