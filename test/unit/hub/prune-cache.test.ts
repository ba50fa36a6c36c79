import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/disk/clock.ts';
import { holdLock } from '../../../src/disk/file-lock.ts';
import { cacheLayout } from '../../../src/hub/cache-layout.ts';
import { pruneCache } from '../../../src/hub/prune-cache.ts';
import { scanCache } from '../../../src/hub/scan-cache.ts';

const ETAG = 'a'.repeat(64);

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await mkdir(layout().blobs, { recursive: true });
});
afterEach(() => rm(cacheDir, { recursive: true }));

const layout = () => cacheLayout(cacheDir, 'a/b');

async function prune() {
  const { removed, kept } = await pruneCache(await scanCache(cacheDir), { dryRun: false, clock: systemClock });
  const names = (files: readonly { path: string }[]) => files.map(({ path }) => path.slice(layout().blobs.length + 1));
  return { removed: names(removed), kept: names(kept) };
}

test('what nobody downloads any more is removed, whoever left it, and contents stay', async () => {
  const names = [`${ETAG}.onnx-predict.incomplete`, `${ETAG}.0123abcd.incomplete`, `${ETAG}.incomplete`];
  const longAgo = new Date(Date.now() - 86_400_000);
  for (const name of [...names, ETAG]) {
    await writeFile(join(layout().blobs, name), 'x');
    await utimes(join(layout().blobs, name), longAgo, longAgo);
  }
  const { removed, kept } = await prune();
  expect(removed.sort()).toEqual(names.sort());
  expect(kept).toEqual([]);
  expect(await prune()).toEqual({ removed: [], kept: [] });
});

test('what is being downloaded stays', async () => {
  await writeFile(layout().partial(ETAG), 'x');
  await using _lock = await holdLock(layout().lock(ETAG), { clock: systemClock, signal: new AbortController().signal });
  expect(await prune()).toEqual({ removed: [], kept: [`${ETAG}.onnx-predict.incomplete`] });
});

test('locks that nobody holds are removed, also without their repository', async () => {
  await rm(layout().root, { recursive: true });
  await mkdir(layout().locks, { recursive: true });
  await writeFile(layout().lock(ETAG), '');
  expect((await pruneCache(await scanCache(cacheDir), { dryRun: false, clock: systemClock })).removed).toEqual([]);
  await utimes(layout().lock(ETAG), new Date(0), new Date(0));
  const { removed } = await pruneCache(await scanCache(cacheDir), { dryRun: false, clock: systemClock });
  expect(removed).toEqual([{ path: layout().lock(ETAG), sizeBytes: 0 }]);
});
