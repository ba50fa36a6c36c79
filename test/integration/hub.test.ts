import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine, type EngineOptions, type LoadEvent, OnnxPredictError } from 'onnx-predict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeHub, startFakeHub } from '../hub-server/fake-hub.ts';
import { readFolder, sha256 } from '../hub-server/fake-repository.ts';
import { waitUntil } from './processes.ts';

const SHIP = 'examples/ship.jpg';
const MODEL = 'onnx/model.onnx';
const TINY_FILES = await readFolder('models/tiny-image-classifier');
const ETAG = sha256(TINY_FILES[MODEL]!);

let hub: FakeHub;
let commit: string;
let cacheDir: string;
const engines: Engine[] = [];
beforeEach(async () => {
  hub = await startFakeHub();
  ({ commit } = hub.addRepository('Xenova/mit-b0', TINY_FILES));
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  await hub[Symbol.asyncDispose]();
  await rm(cacheDir, { recursive: true });
});

function startEngine(options: EngineOptions = {}): Engine {
  const engine = createEngine({ numThreads: 1, cacheDir, endpoint: hub.url, offline: false, ...options });
  engines.push(engine);
  return engine;
}

const contentRequests = () => hub.requests.filter(({ host, path }) => host === 'cdn' && path === MODEL);
const partial = () => join(cacheDir, 'models--Xenova--mit-b0', 'blobs', `${ETAG}.onnx-predict.incomplete`);

describe('an engine', () => {
  test('fetches a model once however many ask, loads it and answers', async () => {
    const engine = startEngine();
    const names = [undefined, 'mit-b0', 'Xenova/mit-b0', 'Xenova/mit-b0@main'];
    const answers = await Promise.all(names.map((model) => engine.classify(SHIP, model === undefined ? {} : { model })));
    for (const { classLabel, model } of answers) {
      expect(classLabel).toBe('ship');
      expect(model).toEqual({ id: 'Xenova/mit-b0', revision: commit, dtype: 'fp32' });
    }
    expect(contentRequests()).toHaveLength(1);
  });

  test('tells of the download that a request waits for', async () => {
    const events: LoadEvent[] = [];
    await startEngine().classify(SHIP, { onProgress: (event) => events.push(event) });
    expect(events[0]).toMatchObject({ type: 'start', repository: 'Xenova/mit-b0', totalBytes: 4_943_574 });
    expect(events.at(-1)).toMatchObject({ type: 'progress', receivedBytes: 4_943_574 });
  });

  test('asks through the fetch that it is given, and nothing else', async () => {
    const hosts = new Set<string>();
    const engine = startEngine({
      fetch: (input, init) => {
        hosts.add(new URL(input instanceof Request ? input.url : input).host);
        return fetch(input, init);
      },
    });
    await engine.pull('mit-b0');
    expect(hosts).toEqual(new Set([hub.url, hub.cdnUrl].map((url) => new URL(url).host)));
  });

  test('that is closed ends its downloads, keeps what arrived and holds no lock', async () => {
    hub.react = ({ host }) => (host === 'cdn' ? { stallAfterBytes: 2_000_000 } : undefined);
    const engine = startEngine();
    const waiting = [engine.pull('mit-b0'), engine.classify(SHIP)].map((each) =>
      each.catch((error: unknown) => (error instanceof OnnxPredictError ? error.code : error)),
    );
    await waitUntil(async () => ((await sizeOf(partial())) === 2_000_000 ? true : undefined));
    await engine.close();
    expect(await Promise.all(waiting)).toEqual(['ENGINE_CLOSED', 'ENGINE_CLOSED']);
    hub.react = undefined;
    expect(await startEngine().pull('mit-b0')).toMatchObject({ downloadedBytes: expect.any(Number) as number });
    expect(contentRequests().at(-1)?.range).toBe('bytes=2000000-');
  });

  test('stops waiting for a download when its signal is aborted', async () => {
    const controller = new AbortController();
    hub.react = ({ host }) => {
      if (host === 'cdn') controller.abort(new Error('changed my mind'));
      return undefined;
    };
    await expect(startEngine().classify(SHIP, { signal: controller.signal })).rejects.toThrow('changed my mind');
    expect((await startEngine().classify(SHIP)).classLabel).toBe('ship');
  });

  test('manages what is in the cache', async () => {
    const engine = startEngine();
    expect((await engine.models.list()).map(({ id, task, revision }) => [id, task, revision])).toEqual([
      ['mit-b0', 'image-classification', null],
      ['t5', 'summarization', null],
      ['bart', 'summarization', null],
      ['distilbart', 'summarization', null],
      ['tiny', 'image-classification', null],
      ['tiny', 'summarization', null],
    ]);
    await engine.pull('mit-b0', { dtype: 'q8' });
    const shown = await engine.models.show('mit-b0');
    expect(shown.variants.map(({ dtype, onDisk }) => [dtype, onDisk])).toEqual([
      ['fp32', false],
      ['q8', true],
    ]);
    expect(await engine.models.verify()).toMatchObject([{ repository: 'Xenova/mit-b0', revision: commit, ok: true }]);
    expect(await engine.models.remove('mit-b0')).toMatchObject({ revisions: [commit], dryRun: false });
    expect(await engine.models.verify()).toEqual([]);
  });

  test.each([
    ['an address that is none', { endpoint: 'nonsense' }],
    ['an empty cache folder', { cacheDir: '' }],
    ['an unknown option', { cachedir: 'x' }],
  ])('is not made with %s', (_, options) => {
    expect(() => createEngine(options as EngineOptions)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path)
    .then(({ size }) => size)
    .catch(() => undefined);
}
