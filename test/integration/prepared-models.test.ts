import { type ChildProcess, fork } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createEngineOver, type Engine, type EngineOptions } from '../../src/engine.ts';
import type { LocalModel, PreparableModel } from '../../src/protocol.ts';
import { runPreparer } from '../../src/runtime/preparer-process.ts';
import type { ClassificationResult, LoadEvent } from '../../src/schemas.ts';
import { fakeRunners, GRAPH_BYTES, makeModelFolder } from '../prepared-models.ts';
import { childrenOf, isAlive, waitUntil } from './processes.ts';

const PREPARER = join(import.meta.dirname, '../fake-preparer.js');

let folder: string;
let dir: string;
let model: string;
let loaded: LocalModel[];
let warnings: string[];
let preparers: ChildProcess[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  dir = join(folder, 'prepared');
  model = await makeModelFolder(join(folder, 'model'));
  loaded = [];
  warnings = [];
  preparers = [];
});
afterEach(() => rm(folder, { recursive: true }));

interface Setup extends EngineOptions {
  /** What its preparers do. */
  readonly behaviour?: 'copy' | 'hang' | 'crash' | 'fail' | 'lie';
  /** How its runners load. */
  readonly loadAs?: (model: PreparableModel) => 'well' | 'crash' | 'invalid';
}

function start({ behaviour = 'copy', loadAs = () => 'well', ...options }: Setup = {}): Engine {
  const fakes = {
    connect: fakeRunners(loaded, loadAs),
    spoolAboveBytes: Infinity,
    prepare: (request: Parameters<typeof runPreparer>[0], following: Parameters<typeof runPreparer>[1]) =>
      runPreparer(request, following, () => {
        const child = fork(PREPARER, [behaviour], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
        preparers.push(child);
        return child;
      }),
  };
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
  const engine = createEngineOver(fakes, { preparedDir: dir, prepare: 'auto', offline: true, logger, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

/** Asks for an answer, and gives the graphs that were loaded for it. */
async function classify(engine: Engine, options: Parameters<Engine['classify']>[1] = {}) {
  await engine.classify(new Uint8Array(1), { model, ...options });
  const last = loaded.at(-1);
  return last?.task === 'image-classification' ? last : expect.unreachable();
}

/** What is left of drafts and locks. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  return names.filter((name) => /\.lock|\.draft-/.test(name));
}

/** A preparer that says that it hangs. */
async function untilHanging(engine: Engine, signal?: AbortSignal) {
  const answer = await new Promise<{ promise: Promise<ClassificationResult> }>((resolve) => {
    const onProgress = (event: LoadEvent) => {
      if (event.type === 'preparing' && event.stage === 'hanging') resolve({ promise });
    };
    const promise = engine.classify(new Uint8Array(1), { model, onProgress, ...(signal && { signal }) });
    promise.catch(() => {});
  });
  return { answer: answer.promise, preparer: preparers.at(-1)! };
}

describe('an engine', () => {
  test('has a model prepared before it is loaded, once, and tells of it', async () => {
    const engine = start();
    const stages: (string | null)[] = [];
    const onProgress = (event: LoadEvent) => {
      if (event.type === 'preparing') stages.push(event.stage);
    };
    const { prepared, identity } = await classify(engine, { onProgress });
    expect(prepared?.optimized).toBe(true);
    expect(prepared?.model).toContain(dir);
    expect(identity.dtype).toBe('fp32');
    expect(stages).toEqual(['', 'rewriting', null]);
    expect((await classify(start(), { onProgress })).prepared).toEqual(prepared);
    expect(preparers).toHaveLength(1);
    expect(stages).toHaveLength(3);
    expect(await leftovers()).toEqual([]);
  });

  test('loads models as they are where it is told never to prepare, also prepared ones', async () => {
    await classify(start());
    expect((await classify(start({ prepare: 'never' }))).prepared).toBeNull();
  });

  test('prepares nothing that is built in', async () => {
    await start().classify(new Uint8Array(1), { model: 'tiny' });
    expect(loaded).toMatchObject([{ prepared: null }]);
    expect(preparers).toEqual([]);
  });

  test('and another one that start at the same time prepare a model once', async () => {
    const both = await Promise.all([classify(start()), classify(start())]);
    expect(both[0].prepared).not.toBeNull();
    expect(both[1].prepared).toEqual(both[0].prepared);
    expect(preparers).toHaveLength(1);
  });

  test('that is closed ends the preparer, and leaves nothing', async () => {
    const engine = start({ behaviour: 'hang' });
    const { answer, preparer } = await untilHanging(engine);
    await engine.close();
    await expect(answer).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    expect(isAlive(preparer.pid!)).toBe(false);
    expect(await leftovers()).toEqual([]);
    expect((await classify(start())).prepared).not.toBeNull();
  });

  test('ends the preparer when the last one that waits for it leaves', async () => {
    const engine = start({ behaviour: 'hang' });
    const controller = new AbortController();
    const { answer, preparer } = await untilHanging(engine, controller.signal);
    controller.abort(new Error('changed my mind'));
    await expect(answer).rejects.toThrow('changed my mind');
    await waitUntil(async () => (isAlive(preparer.pid!) ? undefined : true));
    await engine.close();
    expect(await leftovers()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('whose preparer is killed goes on with the model as it is, and does not try again soon', async () => {
    const engine = start({ behaviour: 'hang' });
    const { answer, preparer } = await untilHanging(engine);
    preparer.kill('SIGKILL');
    expect((await answer).classLabel).toBe('ship');
    expect(loaded).toMatchObject([{ prepared: null }]);
    expect(warnings).toEqual([expect.stringContaining('signal SIGKILL')]);
    expect(await leftovers()).toEqual([]);
    expect((await classify(start())).prepared).toBeNull();
    expect(preparers).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  test.each([
    ['crash', 'something native went wrong'],
    ['fail', 'the numbers differ'],
    ['lie', 'did not write it'],
  ] as const)('whose preparers %s goes on with the model as it is, and says why', async (behaviour, reason) => {
    const failures: (string | null)[] = [];
    const onProgress = (event: LoadEvent) => {
      if (event.type === 'preparing' && event.stage === null) failures.push(event.failure);
    };
    expect((await classify(start({ behaviour }), { onProgress })).prepared).toBeNull();
    expect(warnings).toEqual([expect.stringContaining(reason)]);
    expect(failures).toEqual([expect.stringContaining(reason)]);
    expect(await leftovers()).toEqual([]);
  });

  test('that cannot write goes on with the model as it is', async () => {
    await writeFile(join(folder, 'file'), '');
    expect((await classify(start({ preparedDir: join(folder, 'file', 'prepared') }))).prepared).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(preparers).toEqual([]);
  });

  test.each(['crash', 'invalid'] as const)(
    'whose runners cannot load what was prepared (%s) loads the model as it is',
    async (end) => {
      const loadAs = ({ prepared }: PreparableModel) => (prepared === null ? 'well' : end);
      const engine = start({ loadAs });
      const answers = await Promise.all([classify(engine), classify(engine), classify(engine)]);
      for (const { prepared } of answers) expect(prepared).toBeNull();
      expect(loaded.at(0)).toMatchObject({ prepared: { optimized: true } });
      expect(warnings.filter((warning) => warning.includes('could not be prepared'))).toHaveLength(1);
      expect((await classify(start())).prepared).toBeNull();
      expect(preparers).toHaveLength(1);
    },
  );

  test('whose model cannot be loaded at all says so', async () => {
    const engine = start({ loadAs: () => 'invalid' });
    await expect(classify(engine)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(loaded).toHaveLength(2);
  });
});

test('an engine’s process that is killed takes its preparer along, and the next one prepares the model', async () => {
  const dist = (name: string) => JSON.stringify(join(import.meta.dirname, '../../dist', name));
  const script = join(folder, 'parent.mjs');
  await writeFile(
    script,
    `import { fork } from 'node:child_process';
    import { createEngineOver } from ${dist('engine.js')};
    import { runPreparer } from ${dist('runtime/preparer-process.js')};
    const start = () => fork(${JSON.stringify(PREPARER)}, ['hang'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const prepare = (request, options) => runPreparer(request, options, start);
    const engine = createEngineOver({ prepare }, { preparedDir: ${JSON.stringify(dir)}, prepare: 'auto' });
    await engine.prepare(${JSON.stringify(model)}, { onProgress: ({ stage }) => stage === 'hanging' && process.send(stage) });`,
  );
  const parent = fork(script, { execArgv: [] });
  await new Promise((resolve) => parent.once('message', resolve));
  const [preparer] = await childrenOf(parent.pid!, 'fake-preparer');
  expect(await leftovers()).not.toEqual([]);
  parent.kill('SIGKILL');
  await waitUntil(async () => (isAlive(preparer!) ? undefined : true));
  expect((await classify(start())).prepared).not.toBeNull();
  expect(await leftovers()).toEqual([]);
});

describe('q8', () => {
  test('is made of the fp32 files where they are on the disk', async () => {
    const { prepared, quantize, identity, files } = await classify(start(), { dtype: 'q8' });
    expect({ quantize, dtype: identity.dtype, optimized: prepared?.optimized }).toEqual({
      quantize: true,
      dtype: 'q8',
      optimized: true,
    });
    expect(files.model).toBe(join(model, 'onnx', 'model.onnx'));
  });

  test('is the repository’s where it could not be made of fp32, or may not be', async () => {
    await makeModelFolder(model, ['model_quantized.onnx']);
    for (const setup of [{ behaviour: 'fail' }, { prepare: 'never' }] as const) {
      const { prepared, quantize, files } = await classify(start(setup), { dtype: 'q8' });
      expect({ prepared, quantize }).toEqual({ prepared: null, quantize: false });
      expect(files.model).toBe(join(model, 'onnx', 'model_quantized.onnx'));
    }
  });

  test('is the repository’s, prepared, where there is no fp32', async () => {
    await rm(join(model, 'onnx'), { recursive: true });
    await makeModelFolder(model, ['model_quantized.onnx']);
    const { prepared, quantize } = await classify(start(), { dtype: 'q8' });
    expect(prepared).not.toBeNull();
    expect(quantize).toBe(false);
  });

  test('that is nowhere is an error that says so, and was not prepared in vain', async () => {
    await rm(join(model, 'onnx'), { recursive: true });
    await makeModelFolder(model, ['model_fp16.onnx']);
    await expect(classify(start(), { dtype: 'q8' })).rejects.toMatchObject({ code: 'MODEL_NOT_AVAILABLE' });
    expect(preparers).toEqual([]);
  });
});

describe('prepare', () => {
  test('prepares what is asked for, and says what it made', async () => {
    const engine = start({ prepare: 'never' });
    const made = await engine.prepare(model);
    expect(made).toMatchObject({ task: 'image-classification', optimized: true, quantized: false, made: true });
    expect(made.folder).toContain(dir);
    expect(await engine.prepare(model)).toMatchObject({ made: false, folder: made.folder });
    expect(await engine.prepare(model, { force: true })).toMatchObject({ made: true, folder: made.folder });
    expect(await engine.prepare(model, { dtype: 'q8' })).toMatchObject({ made: true, quantized: true });
    expect(await engine.models.show(model)).toMatchObject({ prepared: ['fp32', 'q8'] });
    expect((await classify(start())).prepared).not.toBeNull();
  });

  test('says what keeps it from it', async () => {
    const engine = start({ behaviour: 'fail' });
    await expect(engine.prepare(model)).rejects.toMatchObject({ code: 'PREPARATION_FAILED' });
    await expect(engine.prepare(model, { dtype: 'fp16' })).rejects.toMatchObject({ code: 'MODEL_NOT_AVAILABLE' });
    await expect(engine.prepare('no/such/model')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await expect(engine.prepare(model, { dtype: 'x' } as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('is ended by the engine’s end', async () => {
    const engine = start({ behaviour: 'hang' });
    const begun = engine.prepare(model);
    begun.catch(() => {});
    await waitUntil(async () => ((await childrenOf(process.pid, 'fake-preparer')).length > 0 ? true : undefined));
    await engine.close();
    await expect(begun).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    expect(await childrenOf(process.pid, 'fake-preparer')).toEqual([]);
  });

  test('is done by pull too', async () => {
    await start().pull(model);
    expect(preparers).toHaveLength(1);
    await start({ prepare: 'never' }).pull(await makeModelFolder(join(folder, 'other')));
    expect(preparers).toHaveLength(1);
  });
});

test('prune removes what was prepared of a model that is gone', async () => {
  const engine = start();
  await engine.prepare(model);
  expect((await engine.models.prune()).removed).toEqual([]);
  await cp(model, join(folder, 'copy'), { recursive: true });
  await rm(model, { recursive: true });
  const { removed, freedBytes } = await engine.models.prune();
  expect(removed).toHaveLength(1);
  expect(freedBytes).toBeGreaterThan(9_000_000);
  expect(await readdir(dir)).toEqual([]);
});

test('what was prepared of a model in the Hub’s cache is listed with it, and removed with it', async () => {
  const commit = 'c'.repeat(40);
  const root = join(folder, 'hub', 'models--org--name');
  const snapshot = join(root, 'snapshots', commit);
  await mkdir(join(root, 'blobs'), { recursive: true });
  await mkdir(join(root, 'refs'));
  await writeFile(join(root, 'refs', 'main'), commit);
  await makeModelFolder(snapshot);
  for (const [i, name] of ['config.json', 'preprocessor_config.json', 'onnx/model.onnx'].entries()) {
    const blob = join(root, 'blobs', String(i).repeat(64));
    await rename(join(snapshot, name), blob);
    await symlink(relative(dirname(join(snapshot, name)), blob), join(snapshot, name));
  }
  const engine = start({ cacheDir: join(folder, 'hub') });
  const { prepared, identity } = await classify(engine, { model: 'org/name' });
  expect(identity.revision).toBe(commit);
  expect(prepared).not.toBeNull();
  const listed = async () => (await engine.models.list()).find(({ id }) => id === 'org/name');
  expect(await listed()).toMatchObject({ prepared: ['fp32'] });
  const would = await engine.models.remove('org/name', { dryRun: true });
  expect(await readdir(dir)).toHaveLength(1);
  // The graph, which is linked, and ONNX Runtime's save of it.
  expect(would.freedBytes).toBeGreaterThan(2 * GRAPH_BYTES);
  expect(await engine.models.remove('org/name')).toEqual({ ...would, dryRun: false });
  expect(await readdir(dir)).toEqual([]);
  expect(await listed()).toBeUndefined();
});
