import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../disk/clock.ts';
import { isLocked } from '../disk/file-lock.ts';
import type { PrunedFiles } from '../schemas.ts';
import { cacheFailure } from './cache-failure.ts';
import { LOCK_SUFFIX, OWN_PARTIAL_SUFFIX } from './cache-layout.ts';
import { isFlocked } from './is-flocked.ts';
import type { CachedRepository, PartialBlob } from './scan-cache.ts';

/** Where it cannot be seen whether huggingface_hub holds its lock, its partial files are left alone for so long. */
const FOREIGN_IDLE_MS = 3_600_000;
const DRAFT_SUFFIX = '.draft';

/**
 * Removes what downloads that will not go on have left: partial files that no process writes, drafts, locks of dead processes.
 * @throws OnnxPredictError CACHE_UNWRITABLE
 */
export async function pruneCache(
  repositories: readonly CachedRepository[],
  { dryRun, clock }: { readonly dryRun: boolean; readonly clock: Clock },
): Promise<PrunedFiles> {
  const removed: { path: string; sizeBytes: number }[] = [];
  const kept: { path: string; sizeBytes: number }[] = [];
  for (const cached of repositories) {
    for (const partial of cached.partials) {
      const file = { path: join(cached.layout.blobs, partial.name), sizeBytes: partial.sizeBytes };
      ((await isInUse(cached, partial, clock)) ? kept : removed).push(file);
    }
    removed.push(...(await findDrafts(cached)), ...(await findDeadLocks(cached, clock)));
  }
  if (!dryRun) {
    for (const { path } of removed) {
      await rm(path, { force: true }).catch((error: unknown) => {
        throw cacheFailure(error, path);
      });
    }
  }
  return { removed, kept, freedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), dryRun };
}

async function isInUse({ layout }: CachedRepository, { name, modifiedMs }: PartialBlob, clock: Clock): Promise<boolean> {
  const [etag = name] = name.split('.', 1);
  if (name.endsWith(OWN_PARTIAL_SUFFIX)) return isLocked(join(layout.locks, etag + LOCK_SUFFIX), clock);
  return (await isFlocked(join(layout.locks, `${etag}.lock`))) ?? clock.now() - modifiedMs < FOREIGN_IDLE_MS;
}

async function findDrafts({ layout }: CachedRepository): Promise<{ path: string; sizeBytes: number }[]> {
  const names = (await readdir(layout.blobs).catch(() => [])).filter((name) => name.endsWith(DRAFT_SUFFIX));
  // A draft lives for the moment between two system calls.
  return sized(names.map((name) => join(layout.blobs, name)));
}

async function findDeadLocks({ layout }: CachedRepository, clock: Clock): Promise<{ path: string; sizeBytes: number }[]> {
  const paths: string[] = [];
  for (const name of await readdir(layout.locks).catch(() => [])) {
    const path = join(layout.locks, name);
    if (name.includes(LOCK_SUFFIX) && !(await isLocked(path, clock))) paths.push(path);
  }
  return sized(paths);
}

function sized(paths: readonly string[]): Promise<{ path: string; sizeBytes: number }[]> {
  return Promise.all(
    paths.map(async (path) => ({
      path,
      sizeBytes: await stat(path)
        .then(({ size }) => size)
        .catch(() => 0),
    })),
  );
}
