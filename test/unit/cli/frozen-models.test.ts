import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chooseEntries, refuseDifferences } from '../../../src/cli/frozen-models.ts';
import { type LockEntry, lockModel, readLockFile } from '../../../src/cli/lock-file.ts';

const COMMIT = '0123456789012345678901234567890123456789';
const FILE = { path: 'config.json', sizeBytes: 7, sha256: 'a'.repeat(64) };
const T5: LockEntry = {
  name: 't5',
  task: 'summarization',
  dtype: 'fp32',
  repository: 'Xenova/t5-small',
  ref: 'main',
  revision: COMMIT,
  files: [FILE],
};
const Q8: LockEntry = { ...T5, dtype: 'q8' };
const ANY = { model: undefined, dtype: undefined, revision: undefined };

describe('of a lock file', () => {
  test('all are taken, or those of a name, or of a dtype', () => {
    expect(chooseEntries([T5, Q8], 'models.lock', ANY)).toEqual([T5, Q8]);
    expect(chooseEntries([T5, Q8], 'models.lock', { ...ANY, model: 't5', dtype: 'q8' })).toEqual([Q8]);
    expect(chooseEntries([T5], 'models.lock', { ...ANY, model: 't5', revision: COMMIT })).toEqual([T5]);
    expect(chooseEntries([T5], 'models.lock', { ...ANY, model: 't5', revision: 'main' })).toEqual([T5]);
  });

  test.each([
    [[], ANY, 'has no model'],
    [[T5], { ...ANY, model: 'bart' }, 'has no bart'],
    [[T5], { ...ANY, model: 't5', dtype: 'q8' }, 'has no t5 in q8'],
    [[T5], { ...ANY, model: 't5', revision: 'v2' }, `t5 is locked at ${COMMIT} (models.lock), and not at v2`],
  ])('what it does not have is refused: %#', (entries, request, problem) => {
    expect(() => chooseEntries(entries, 'models.lock', request)).toThrow(problem);
  });
});

test.each([
  [{ revision: 'f'.repeat(40) }, 'its revision is fff'],
  [{ repository: 'evil/t5' }, 'its repository is evil/t5, and should be Xenova/t5-small'],
  [{ files: [{ ...FILE, sizeBytes: 8 }] }, 'config.json has 8 bytes, and should have 7'],
  [{ files: [{ ...FILE, sha256: 'b'.repeat(64) }] }, 'config.json has the sha256 bbb'],
  [{ files: [] }, 'config.json is missing'],
  [{ files: [FILE, { ...FILE, path: 'x' }] }, 'x should not be there'],
])('a model that differs is refused: %j', (changes, problem) => {
  const { name: _, ...locked } = T5;
  expect(() => refuseDifferences(T5, { ...locked, ...changes }, 'models.lock')).toThrow(problem);
  expect(() => refuseDifferences(T5, locked, 'models.lock')).not.toThrow();
});

test('a lock file keeps its other entries, in one order, and what is none is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'models.lock');
  await expect(readLockFile(path)).rejects.toThrow('is not there');
  for (const entry of [Q8, T5, { ...Q8, ref: 'v2' }]) await lockModel(path, entry);
  expect((await readLockFile(path)).models).toEqual([T5, { ...Q8, ref: 'v2' }]);
  expect(await readFile(path, 'utf8')).toContain('"size_bytes": 7');
  await writeFile(path, '{"version": 2, "models": []}');
  await expect(readLockFile(path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
