import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../disk/clock.ts';
import { isLocked } from '../disk/file-lock.ts';
import { OnnxPredictError } from '../errors.ts';
import type { RemovedModel } from '../schemas.ts';
import { cacheFailure } from './cache-failure.ts';
import { type CacheLayout, LOCK_SUFFIX } from './cache-layout.ts';
import { isFlocked } from './is-flocked.ts';
import type { CachedRepository, CachedSnapshot } from './scan-cache.ts';

/**
 * Removes a repository from the cache, or of its revisions the one that `commit` names, with the blobs that no other needs. What
 * leads to a file goes before the file, so that the cache is whole at any moment.
 * @throws OnnxPredictError CACHE_BUSY while a process downloads into it, CACHE_UNWRITABLE
 */
export async function removeModel(
  cached: CachedRepository,
  { commit, dryRun, clock }: { readonly commit: string | undefined; readonly dryRun: boolean; readonly clock: Clock },
): Promise<RemovedModel> {
  const { layout, repository } = cached;
  const doomed = cached.snapshots.filter((snapshot) => commit === undefined || snapshot.commit === commit);
  const whole = doomed.length === cached.snapshots.length;
  const kept = blobSizes(cached.snapshots.filter((snapshot) => !doomed.includes(snapshot)));
  const blobs = [...blobSizes(doomed)].filter(([etag]) => !kept.has(etag));
  const partialBytes = whole ? cached.partials.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0;
  const freedBytes = blobs.reduce((sum, [, sizeBytes]) => sum + sizeBytes, partialBytes);
  const removed = { repository, revisions: doomed.map((snapshot) => snapshot.commit), freedBytes, dryRun };
  if (dryRun) return removed;
  await refuseIfBusy(layout, repository, clock);
  try {
    for (const snapshot of doomed) await removeSnapshot(layout, snapshot);
    for (const [etag] of blobs) await rm(layout.blob(etag), { force: true });
    if (whole) {
      await rm(layout.root, { recursive: true, force: true });
      await rm(layout.locks, { recursive: true, force: true });
    }
  } catch (error) {
    throw cacheFailure(error, layout.root);
  }
  return removed;
}

async function removeSnapshot(layout: CacheLayout, { commit, refs }: CachedSnapshot): Promise<void> {
  for (const ref of refs) await rm(join(layout.refs, ref), { force: true });
  await rm(layout.snapshot(commit), { recursive: true, force: true });
  await rm(join(layout.noExist, commit), { recursive: true, force: true });
}

function blobSizes(snapshots: readonly CachedSnapshot[]): Map<string, number> {
  const files = snapshots.flatMap((snapshot) => snapshot.files);
  return new Map(files.flatMap(({ etag, sizeBytes }) => (etag === undefined ? [] : [[etag, sizeBytes]])));
}

async function refuseIfBusy(layout: CacheLayout, repository: string, clock: Clock): Promise<void> {
  const locks = (await readdir(layout.locks).catch(() => [])).filter((name) => name.endsWith('.lock'));
  for (const name of locks) {
    const path = join(layout.locks, name);
    // Huggingface_hub leaves its locks where they were: that there is one says nothing.
    const busy = name.endsWith(LOCK_SUFFIX) ? await isLocked(path, clock) : await isFlocked(path);
    if (busy !== true) continue;
    throw new OnnxPredictError('CACHE_BUSY', `${repository} is being downloaded by another process; end that first.`);
  }
}
