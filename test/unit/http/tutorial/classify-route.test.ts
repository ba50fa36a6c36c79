import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { OnnxPredictError } from '../../../../src/errors.ts';
import { createImageSpool } from '../../../../src/image-spool.ts';
import type { ClassifyOptions } from '../../../../src/schemas.ts';
import type { TestServer } from '../../../http-exchange.ts';
import { type Call, standInEngine } from '../stand-in-engine.ts';
import { ask, askForLabel, fileForm, serveTutorial, type TutorialOptions } from '../tutorial-server.ts';

const MEGABYTE = 1024 * 1024;

let folder: string;
let servers: TestServer[];
beforeEach(async () => {
  servers = [];
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  for (const server of servers) await server.close();
  await rm(folder, { recursive: true });
});

async function serve(options: TutorialOptions = {}): Promise<TestServer> {
  const server = await serveTutorial({ spool: createImageSpool(folder), ...options });
  servers.push(server);
  return server;
}

/** An engine that works until it is told to stop. */
function busyEngine() {
  const started = vi.fn<(path: unknown) => void>();
  const aborted = vi.fn<(reason: unknown) => void>();
  const classify = (input: unknown, { signal }: ClassifyOptions = {}) =>
    new Promise<never>((_, reject) => {
      started(input);
      signal?.addEventListener('abort', () => {
        aborted(signal.reason);
        reject(signal.reason as Error);
      });
    });
  return { engine: { classify }, started, aborted };
}

describe('the image route', () => {
  test('answers with the label alone, of the model mit-b0, by the pixels as they are stored', async () => {
    const calls: Call[] = [];
    const server = await serve({ engine: standInEngine(calls) });
    const answer = await askForLabel(server, Buffer.from('pixels'), '?model=bart&top_k=5');
    expect(answer.json).toEqual({ class_label: expect.stringMatching(/^6:/) as string });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(calls[0]!.options).toMatchObject({ model: 'mit-b0', ignoreOrientation: true });
  });

  test.each(['?verbose=1', '?verbose=Yes', '?top=3'])('tells more with %s, and the model by its alias', async (query) => {
    const calls: Call[] = [];
    const server = await serve({ engine: standInEngine(calls) });
    expect((await askForLabel(server, Buffer.from('x'), query)).json).toEqual({
      class_label: expect.any(String) as string,
      score: 0.5,
      top: [{ label: 'a, b', score: 0.5, index: 7 }],
      model: { id: 'mit-b0', revision: null, dtype: 'fp32' },
      timings: { load_ms: 1, queue_ms: 2, preprocess_ms: 3, inference_ms: 4 },
    });
    expect((calls[0]!.options as ClassifyOptions).topK).toBe(query === '?top=3' ? 3 : undefined);
  });

  test('abstains below the confidence that is asked for, and shows the candidates', async () => {
    const calls: Call[] = [];
    const standIn = standInEngine(calls);
    const engine = {
      classify: async (...args: Parameters<typeof standIn.classify>) => ({
        ...(await standIn.classify(...args)),
        classLabel: null,
      }),
    };
    const top = [{ label: 'a, b', score: 0.5, index: 7 }];
    const server = await serve({ engine });
    const { json } = await askForLabel(server, Buffer.from('x'), '?min_confidence=0.75');
    expect(json).toEqual({ class_label: null, score: 0.5, top });
    expect(calls[0]!.options).toMatchObject({ minConfidence: 0.75 });
    const verbose = await askForLabel(server, Buffer.from('x'), '?min_confidence=0.75&verbose=1');
    expect(verbose.json).toMatchObject({ class_label: null, top, model: { id: 'mit-b0' }, timings: { load_ms: 1 } });
    const sure = await askForLabel(await serve(), Buffer.from('x'), '?min_confidence=1e-1');
    expect(sure.json).toEqual({ class_label: expect.any(String) as string, score: 0.5, top });
  });

  test.each([
    ['high', 'float_parsing', 'Input should be a valid number, unable to parse string as a number', undefined],
    ['nan', 'finite_number', 'Input should be a finite number', undefined],
    ['1.5', 'less_than_equal', 'Input should be less than or equal to 1', { le: 1 }],
    ['-inf', 'greater_than_equal', 'Input should be greater than or equal to 0', { ge: 0 }],
  ])('refuses min_confidence=%s', async (input, type, msg, ctx) => {
    const answer = await askForLabel(await serve(), Buffer.from('x'), `?min_confidence=${input}`);
    const issue = { type, loc: ['query', 'min_confidence'], msg, input, ...(ctx === undefined ? {} : { ctx }) };
    expect(answer).toMatchObject({ status: 422, json: { detail: [issue] } });
  });

  test('names each query value that it cannot use', async () => {
    const answer = await askForLabel(await serve(), Buffer.from('x'), '?verbose=maybe&top=1001');
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({
      detail: [
        { type: 'bool_parsing', loc: ['query', 'verbose'], input: 'maybe' },
        { type: 'less_than_equal', loc: ['query', 'top'], input: '1001', ctx: { le: 1000 } },
      ],
    });
  });

  test('keeps a large file where only this user can read it, and for no longer than it is needed', async () => {
    const seen: unknown[] = [];
    const stand = standInEngine();
    const classify: typeof stand.classify = async (input, options) => {
      const { mode } = await stat(input as string);
      seen.push(dirname(dirname(input as string)), mode & 0o077);
      return stand.classify(input, options);
    };
    const answer = await askForLabel(await serve({ engine: { classify } }), Buffer.alloc(3 * MEGABYTE));
    expect(answer.json).toEqual({ class_label: expect.stringMatching(/^3145728:/) as string });
    expect(seen).toEqual([folder, 0]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes files up to the limit, and names it to longer ones', async () => {
    const server = await serve({ settings: { maxUploadBytes: 2 * MEGABYTE } });
    expect((await askForLabel(server, Buffer.alloc(2 * MEGABYTE))).status).toBe(200);
    const answer = await askForLabel(server, Buffer.alloc(2 * MEGABYTE + 1));
    expect(answer).toMatchObject({ status: 413, json: { detail: expect.stringContaining('2097152 bytes') as string } });
    expect(await readdir(folder)).toEqual([]);
  });

  test('answers a body that is far too long without reading it', async () => {
    const { body, headers } = fileForm(Buffer.from('x'));
    const answer = await ask(await serve(), '/predict/image_classes', {
      headers: { ...headers, 'Content-Length': '100000000000' },
      body,
    });
    expect(answer.status).toBe(413);
    expect(answer.headers['connection']).toBe('close');
  });

  test('takes no more than it may hold over all requests, and says when to come back', async () => {
    const { engine, started } = busyEngine();
    const server = await serve({ engine, settings: { maxHeldBytes: 3 * MEGABYTE } });
    const { body, headers } = fileForm(Buffer.alloc(2 * MEGABYTE));
    const first = ask(server, '/predict/image_classes', { headers, body });
    await vi.waitFor(() => expect(started).toHaveBeenCalled());
    const answer = await askForLabel(server, Buffer.alloc(2 * MEGABYTE));
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    await server.close();
    await first;
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]));
  });

  test('stops the engine and removes the file when the client leaves, and that is no failure', async () => {
    const { engine, started, aborted } = busyEngine();
    const warnings: string[] = [];
    const server = await serve({ engine, warnings });
    const { body, headers } = fileForm(Buffer.alloc(2 * MEGABYTE));
    const socket = connect(server.port, '127.0.0.1');
    const type = `Content-Type: ${headers['Content-Type']}`;
    socket.write(`POST /predict/image_classes HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body);
    await vi.waitFor(() => expect(started).toHaveBeenCalled());
    expect(await readdir(folder)).toHaveLength(1);
    socket.destroy();
    await vi.waitFor(() => expect(aborted).toHaveBeenCalled());
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]));
    expect(warnings).toEqual([]);
  });

  test('removes what it has when the client leaves in the middle of a file', async () => {
    const warnings: string[] = [];
    const server = await serve({ warnings });
    const { body, headers } = fileForm(Buffer.alloc(4 * MEGABYTE));
    const socket = connect(server.port, '127.0.0.1');
    const type = `Content-Type: ${headers['Content-Type']}`;
    socket.write(`POST /predict/image_classes HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${body.length}\r\n\r\n`);
    socket.write(body.subarray(0, 3 * MEGABYTE));
    await vi.waitFor(async () => expect(await readdir(folder)).toHaveLength(1));
    socket.destroy();
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]));
    expect(warnings).toEqual([]);
  });

  test('keeps only the last of several files, and nothing of other fields', async () => {
    const part = (name: string) => `--bnd\r\nContent-Disposition: form-data; name="${name}"; filename="a"\r\n\r\n`;
    const large = Buffer.alloc(2 * MEGABYTE);
    const pieces = ['file', 'other', 'file'].flatMap((name) => [Buffer.from(part(name)), large, Buffer.from('\r\n')]);
    const body = Buffer.concat([...pieces, Buffer.from(`${part('file')}last\r\n--bnd--\r\n`)]);
    const answer = await ask(await serve(), '/predict/image_classes', { headers: fileForm(large).headers, body });
    expect(answer.json).toEqual({ class_label: expect.stringMatching(/^4:/) as string });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['INPUT_UNREADABLE', 'MODEL_INVALID', 'INTERNAL', 'MODEL_NOT_AVAILABLE'] as const)(
    'tells nothing of the disk when it fails with %s',
    async (code) => {
      const classify = (input: unknown) => Promise.reject(new OnnxPredictError(code, `${input as string} is /srv/models/secret`));
      const answer = await askForLabel(await serve({ engine: { classify } }), Buffer.alloc(2 * MEGABYTE));
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.text).not.toMatch(/secret|onnx-predict-\d|tmp/);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});
