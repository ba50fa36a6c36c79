import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/disk/clock.ts';
import { holdLock } from '../../../src/disk/file-lock.ts';
import { silentLogger } from '../../../src/logger.ts';
import type { RunPreparer } from '../../../src/prepared/make-prepared.ts';
import { createPreparedStore } from '../../../src/prepared/prepared-store.ts';
import { prunePrepared, removePrepared } from '../../../src/prepared/prune-prepared.ts';
import type { LocalClassifier } from '../../../src/protocol.ts';
import { classifierIn, makeModelFolder } from '../../prepared-models.ts';

let folder: string;
let dir: string;
let model: LocalClassifier;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  dir = join(folder, 'prepared');
  model = classifierIn(await makeModelFolder(join(folder, 'model')));
});
afterEach(() => rm(folder, { recursive: true }));

const write: RunPreparer = async ({ folder }) => {
  await writeFile(join(folder, 'model.onnx'), 'graph');
  return { graph: { model: 'model.onnx' }, optimized: null };
};

/** @returns where it is */
async function prepare(of = model, run = write): Promise<string> {
  await createPreparedStore({ dir, run, logger: silentLogger }).use(of, true, {});
  const [key] = (await readdir(dir)).sort();
  const [machine] = await readdir(join(dir, key!));
  return join(dir, key!, machine!);
}

async function edit(place: string, change: (text: string) => string): Promise<void> {
  const path = join(place, 'prepared.json');
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function prune({ dryRun = false, nowMs = Date.now() } = {}) {
  return prunePrepared(dir, { dryRun, nowMs });
}

test('what would be used stays, and what is none of ours', async () => {
  await prepare();
  await mkdir(join(dir, 'notes'));
  expect(await prune()).toEqual({ removed: [], kept: [], freedBytes: 0, dryRun: false });
  expect(await readdir(dir)).toHaveLength(2);
});

test('a folder that is not there holds nothing', async () => {
  expect((await prune()).removed).toEqual([]);
});

test.each<[string, (place: string) => Promise<unknown>]>([
  ['its sources are gone', () => rm(join(folder, 'model'), { recursive: true })],
  ['a source has changed', () => utimes(model.files.model, new Date(0), new Date(0))],
  ['it is of another preparer', (place) => edit(place, (text) => text.replace(/"preparer": \d+/, '"preparer": 0'))],
  ['it is of another ONNX Runtime', (place) => edit(place, (text) => text.replace(/"runtime": "[^"]+"/, '"runtime": "0.1.0"'))],
  ['its record cannot be read', (place) => edit(place, () => '{')],
])('what will not be used again is removed: %s', async (_, change) => {
  const place = await prepare();
  await change(place);
  const would = await prune({ dryRun: true });
  expect(would.removed.map(({ path }) => path)).toEqual([place]);
  expect(would.freedBytes).toBeGreaterThan(5);
  expect(await readdir(dir)).toHaveLength(1);
  expect(await prune()).toEqual({ ...would, dryRun: false });
  expect(await readdir(dir)).toEqual([]);
});

test('what is for another processor stays', async () => {
  const place = await prepare();
  await edit(place, (text) => text.replace(/"cpu": "[^"]+"/, '"cpu": "other"'));
  expect((await prune()).removed).toEqual([]);
});

test('the record of a failure stays for a day', async () => {
  await prepare(model, async () => {
    throw new Error('the numbers differ');
  });
  expect((await prune()).removed).toEqual([]);
  expect((await prune({ nowMs: Date.now() + 86_400_000 })).removed).toHaveLength(1);
});

test('drafts and locks of dead processes are removed, those of living ones stay', async () => {
  const place = await prepare();
  const draft = `${place}.draft-0`;
  await mkdir(draft);
  const lock = await holdLock(`${place}.lock`, { clock: systemClock, signal: new AbortController().signal });
  expect(await prune()).toMatchObject({ removed: [], kept: [{ path: draft }] });
  const content = await readFile(`${place}.lock`, 'utf8');
  await lock[Symbol.asyncDispose]();
  await writeFile(`${place}.lock`, content.replace(/"pid":\d+/, `"pid":${2 ** 30}`));
  const { removed } = await prune();
  expect(removed.map(({ path }) => basename(path)).sort()).toEqual([basename(draft), `${basename(place)}.lock`]);
});

test('with a model goes what was prepared of the revisions that go', async () => {
  const [gone, kept] = ['a'.repeat(40), 'b'.repeat(40)];
  for (const revision of [gone, kept]) {
    const of = classifierIn(await makeModelFolder(join(folder, revision)), 'org/name');
    await prepare({ ...of, identity: { ...of.identity, revision } });
  }
  const wanted = { repository: 'org/name', revisions: [gone], dryRun: true };
  expect(await removePrepared(dir, wanted)).toBe(5);
  expect(await removePrepared(dir, { ...wanted, repository: 'org/other', dryRun: false })).toBe(0);
  expect(await readdir(dir)).toHaveLength(2);
  expect(await removePrepared(dir, { ...wanted, dryRun: false })).toBe(5);
  expect(await readdir(dir)).toHaveLength(1);
});
