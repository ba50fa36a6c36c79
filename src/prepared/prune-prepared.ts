import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import { PREPARER_VERSION } from '../preparer-version.ts';
import type { PrunedFiles } from '../schemas.ts';
import { readMachine } from './machine.ts';
import { RETRY_MS } from './prepared-store.ts';
import { type PreparedFolder, scanPrepared } from './scan-prepared.ts';
import { areUnchanged } from './sources.ts';

/**
 * Removes prepared models that will not be used again, and what preparations left that did not end: their sources are gone or
 * changed, or they are of another version of the preparer or of ONNX Runtime. Those for other processors stay.
 * @throws OnnxPredictError CACHE_UNWRITABLE
 */
export async function prunePrepared(
  dir: string,
  { dryRun, nowMs }: { readonly dryRun: boolean; readonly nowMs: number },
): Promise<PrunedFiles> {
  const { runtime } = readMachine();
  const found = await scanPrepared(dir);
  const removed: PreparedFolder[] = [];
  for (const each of found) if (!each.busy && (await isUseless(each, { runtime, nowMs }))) removed.push(each);
  if (!dryRun) await removeFolders(removed);
  return {
    removed: removed.map(toFile),
    kept: found.filter(({ busy, kind }) => busy && kind === 'draft').map(toFile),
    freedBytes: removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    dryRun,
  };
}

/**
 * Removes what was prepared of a repository's revisions.
 * @returns the bytes that it frees, or would
 * @throws OnnxPredictError CACHE_UNWRITABLE
 */
export async function removePrepared(
  dir: string,
  wanted: { readonly repository: string; readonly revisions: readonly string[]; readonly dryRun: boolean },
): Promise<number> {
  const doomed = (await scanPrepared(dir)).filter(({ manifest }) => {
    const model = manifest?.model;
    return model?.id === wanted.repository && model.revision !== null && wanted.revisions.includes(model.revision);
  });
  if (!wanted.dryRun) await removeFolders(doomed);
  // Links to files that go with it count there.
  return doomed.reduce((sum, { manifest }) => sum + (manifest?.status === 'prepared' ? manifest.sizeBytes : 0), 0);
}

async function isUseless(
  { kind, manifest }: PreparedFolder,
  { runtime, nowMs }: { readonly runtime: string; readonly nowMs: number },
): Promise<boolean> {
  if (kind !== 'preparation' || manifest === undefined) return true;
  if (manifest.preparer !== PREPARER_VERSION || manifest.machine.runtime !== runtime) return true;
  if (manifest.status === 'failed' && nowMs - manifest.createdMs >= RETRY_MS) return true;
  return !(await areUnchanged(manifest.sources));
}

async function removeFolders(folders: readonly PreparedFolder[]): Promise<void> {
  for (const { path } of folders) {
    await rm(path, { recursive: true, force: true }).catch((error: NodeJS.ErrnoException) => {
      const message = `${path} cannot be removed (${error.code ?? 'unknown error'}).`;
      throw new OnnxPredictError('CACHE_UNWRITABLE', message, { cause: error });
    });
    // It goes with the last thing in it.
    await rmdir(dirname(path)).catch(() => {});
  }
}

function toFile({ path, sizeBytes }: PreparedFolder): { readonly path: string; readonly sizeBytes: number } {
  return { path, sizeBytes };
}
