import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/disk/clock.ts';
import { listPrepared } from '../../../src/prepared/list-prepared.ts';
import { machineKey, readMachine } from '../../../src/prepared/machine.ts';
import type { RunPreparer } from '../../../src/prepared/make-prepared.ts';
import type { Manifest } from '../../../src/prepared/manifest.ts';
import { createPreparedStore, type PreparedStoreOptions } from '../../../src/prepared/prepared-store.ts';
import { readSources, sourceKey } from '../../../src/prepared/sources.ts';
import type { LocalClassifier, PreparedFiles } from '../../../src/protocol.ts';
import type { PreparationEvent } from '../../../src/schemas.ts';
import { classifierIn, GRAPH_BYTES, makeModelFolder } from '../../prepared-models.ts';

const FILES: PreparedFiles = { graph: { model: 'model.onnx' }, optimized: { model: 'optimized.onnx' } };
const DAY_MS = 86_400_000;

let folder: string;
let dir: string;
let model: LocalClassifier;
let warnings: string[];
let runs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  dir = join(folder, 'cache', 'prepared');
  model = classifierIn(await makeModelFolder(join(folder, 'model')));
  warnings = [];
  runs = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const copy: RunPreparer = async ({ model, folder }) => {
  runs += 1;
  if (model.task !== 'image-classification') throw new Error('no classifier');
  await link(model.files.model, join(folder, 'model.onnx'));
  await writeFile(join(folder, 'optimized.onnx'), 'optimized');
  return FILES;
};

const fail: RunPreparer = async () => {
  runs += 1;
  throw new Error('the numbers differ');
};

function createStore(run: RunPreparer = copy, options: Partial<PreparedStoreOptions> = {}) {
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
  return createPreparedStore({ dir, run, logger, ...options });
}

/** Where the model's preparation is kept. */
async function placeOf(of: LocalClassifier = model): Promise<string> {
  return join(dir, sourceKey(of, await readSources(of)), machineKey(readMachine()));
}

async function editManifest(change: (manifest: Manifest) => object): Promise<void> {
  const path = join(await placeOf(), 'prepared.json');
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Manifest)));
}

async function use(store = createStore()) {
  return (await store.use(model, true, {})).prepared;
}

describe('a model that is used', () => {
  test('is prepared once, and its prepared graphs are used from then on, also by other stores', async () => {
    const prepared = await use();
    expect(prepared).toEqual({ model: join(await placeOf(), 'optimized.onnx'), optimized: true });
    expect(await use()).toEqual(prepared);
    expect(runs).toBe(1);
    expect(warnings).toEqual([]);
    // Neither a lock nor a draft is left.
    expect(await readdir(dirname(await placeOf()))).toEqual([machineKey(readMachine())]);
  });

  test('tells how its preparation goes on, and nothing where there is none', async () => {
    const events: PreparationEvent[] = [];
    const run: RunPreparer = (request, options) => {
      options.onStage('rewriting');
      return copy(request, options);
    };
    const store = createStore(run);
    await store.use(model, true, { onEvent: (event) => void events.push(event) });
    expect(events.map(({ stage }) => stage)).toEqual(['', 'rewriting', null]);
    await store.use(model, true, { onEvent: () => expect.unreachable() });
  });

  test('is loaded rewritten where ONNX Runtime’s own save was refused', async () => {
    const run: RunPreparer = async (...args) => ({ ...(await copy(...args)), optimized: null });
    expect(await use(createStore(run))).toEqual({ model: join(await placeOf(), 'model.onnx'), optimized: false });
  });

  test('is used as it is where it is small, or may not be prepared', async () => {
    expect((await createStore().use(model, false, {})).prepared).toBeNull();
    await writeFile(model.files.model, 'small');
    expect(await use()).toBeNull();
    expect(runs).toBe(0);
  });

  test('is prepared anew when its files have changed', async () => {
    const before = await use();
    await utimes(model.files.model, new Date(0), new Date(0));
    expect(await use()).not.toEqual(before);
    expect(runs).toBe(2);
  });

  test('is used as it is where its files are gone: loading it tells', async () => {
    await rm(model.files.model);
    expect(await use()).toBeNull();
  });

  test('is used as rewritten for another machine, where nothing may be prepared or kept for this one', async () => {
    await use();
    const other = join(dirname(await placeOf()), '0'.repeat(16));
    await mkdir(other);
    for (const name of await readdir(await placeOf())) await copyFile(join(await placeOf(), name), join(other, name));
    await rm(await placeOf(), { recursive: true });
    const prepared = { model: join(other, 'model.onnx'), optimized: false };
    expect((await createStore().use(model, false, {})).prepared).toEqual(prepared);
    // A folder in the place of the lock: not even root can make it.
    await mkdir(`${await placeOf()}.lock`);
    await utimes(`${await placeOf()}.lock`, new Date(0), new Date(0));
    expect(await use()).toEqual(prepared);
    expect(warnings).toHaveLength(1);
    expect(runs).toBe(1);
  });

  test.each<[string, (manifest: Manifest) => object]>([
    ['is of another format', (manifest) => ({ ...manifest, format: 2 })],
    ['names files elsewhere', (manifest) => ({ ...manifest, files: { graph: { model: '../../x.onnx' }, optimized: null } })],
    ['lacks something', () => ({ status: 'prepared' })],
  ])('is prepared anew where what is on record %s', async (_, change) => {
    await use();
    await editManifest(change);
    expect(await use()).not.toBeNull();
    expect(runs).toBe(2);
  });
});

describe('a preparation that fails', () => {
  test.each<[string, RunPreparer, string]>([
    ['as the preparer says', fail, 'the numbers differ'],
    ['as the preparer names files that it did not write', async () => ({ ...FILES }), 'did not write'],
    [
      'as the preparer names files elsewhere',
      async () => ({ graph: { model: '/etc/passwd' }, optimized: null }),
      'did not name a file',
    ],
    ['as the preparer forgets a graph', async () => ({ graph: {}, optimized: null }), 'did not name a file'],
  ])('%s, leaves one warning and a record, and nothing else', async (_, run, reason) => {
    expect(await use(createStore(run))).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(reason);
    expect(await use(createStore())).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(runs).toBeLessThan(2);
    expect(await readdir(await placeOf())).toEqual(['prepared.json']);
    expect(await readdir(dirname(await placeOf()))).toHaveLength(1);
  });

  test('is tried again after a day, and at once when somebody asks', async () => {
    await use(createStore(fail));
    const nextDay = { ...systemClock, now: () => Date.now() + DAY_MS };
    expect(await use(createStore(fail, { clock: nextDay }))).toBeNull();
    expect(runs).toBe(2);
    expect(await createStore().prepare(model, false, {})).toMatchObject({ made: true, optimized: true });
    expect(await use()).not.toBeNull();
  });

  test('for want of room is not begun', async () => {
    const freeBytes = async () => 2.2 * GRAPH_BYTES - 1;
    expect(await use(createStore(copy, { freeBytes }))).toBeNull();
    expect(warnings[0]).toContain('has room for');
    expect(runs).toBe(0);
    await rm(dir, { recursive: true });
    expect(await use(createStore(copy, { freeBytes: async () => 2.2 * GRAPH_BYTES + 1 }))).not.toBeNull();
    await rm(dir, { recursive: true });
    expect(await use(createStore(copy, { freeBytes: async () => undefined }))).not.toBeNull();
  });

  test('where nothing can be written costs a warning and no more', async () => {
    await writeFile(join(folder, 'cache'), '');
    expect(await use()).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(runs).toBe(0);
  });

  test('for somebody who asked for it anew leaves what was there', async () => {
    const prepared = await use();
    await expect(createStore(fail).prepare(model, true, {})).rejects.toMatchObject({
      code: 'PREPARATION_FAILED',
      message: expect.stringContaining('the numbers differ') as string,
    });
    expect(await use()).toEqual(prepared);
  });

  test('as nobody waits for it any more leaves nothing, and is tried at once', async () => {
    const controller = new AbortController();
    const run: RunPreparer = async ({ folder }, { signal }) => {
      await writeFile(join(folder, 'half'), 'x');
      controller.abort(new Error('changed my mind'));
      signal.throwIfAborted();
      return FILES;
    };
    await expect(createStore(run).use(model, true, { signal: controller.signal })).rejects.toThrow('changed my mind');
    expect(await readdir(dirname(await placeOf()))).toEqual([]);
    expect(await use()).not.toBeNull();
  });
});

describe('whoever asks for a preparation', () => {
  test('is told what it takes beside the model’s own files, and whether it was there', async () => {
    const made = await createStore().prepare(model, false, {});
    expect(made).toMatchObject({ folder: await placeOf(), sizeBytes: 9, optimized: true, quantized: false, made: true });
    expect(await createStore().prepare(model, false, {})).toEqual({ ...made, made: false, prepareMs: 0 });
    expect(await createStore().prepare(model, true, {})).toMatchObject({ made: true });
    expect(runs).toBe(2);
    expect(await readdir(dirname(await placeOf()))).toHaveLength(1);
  });

  test('gets it for a small model too', async () => {
    await writeFile(model.files.model, 'small');
    expect(await createStore().prepare(model, false, {})).toMatchObject({ made: true });
    expect((await createStore().use(model, false, {})).prepared).not.toBeNull();
  });
});

describe('what cannot be loaded', () => {
  test('is removed, warned of once, and not prepared again for a day', async () => {
    const store = createStore();
    const used = await store.use(model, true, {});
    await Promise.all([store.distrust(used, 'it crashed'), store.distrust(used, 'it crashed')]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('it crashed');
    expect(await readdir(await placeOf())).toEqual(['prepared.json']);
    expect(await use(store)).toBeNull();
    expect(await use()).toBeNull();
    expect(runs).toBe(1);
  });

  test('is not used again, also where that cannot be kept on record', async () => {
    const store = createStore();
    const used = await store.use(model, true, {});
    await rm(join(await placeOf(), 'prepared.json'));
    await mkdir(join(await placeOf(), 'prepared.json'));
    await store.distrust(used, 'it crashed');
    expect(await use(store)).toBeNull();
  });
});

test('drafts of processes that died are removed by the next preparation', async () => {
  const draft = `${await placeOf()}.draft-0`;
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'half'), 'x');
  await use();
  await expect(stat(draft)).rejects.toThrow();
});

test('two that want the same model at the same time prepare it once', async () => {
  const both = await Promise.all([use(createStore()), use(createStore())]);
  expect(both[0]).toEqual(both[1]);
  expect(both[0]).not.toBeNull();
  expect(runs).toBe(1);
});

test('what is listed is what would be used', async () => {
  expect(await listPrepared(dir)).toEqual([]);
  await use();
  expect(await listPrepared(dir)).toMatchObject([{ model: model.identity, sizeBytes: 9, folder: await placeOf() }]);
  await editManifest((manifest) => ({ ...manifest, preparer: 0 }));
  expect(await listPrepared(dir)).toEqual([]);
});
