import { randomUUID } from 'node:crypto';
import { copyFile, readFile, realpath, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { createFolder } from '../disk/create-folder.ts';
import { OnnxPredictError } from '../errors.ts';
import { cacheFailure } from './cache-failure.ts';
import type { CacheLayout } from './cache-layout.ts';
import type { RemoteFile } from './list-repository.ts';
import { isCommit } from './model-reference.ts';

/** Codes of systems, folders and users that may make no symbolic links. */
const NO_SYMLINKS: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL']);

export interface Snapshot {
  readonly commit: string;
  /** In the order in which they appear: what shows that the others are there comes last. */
  readonly files: readonly RemoteFile[];
  /** Files that this commit turned out not to have. */
  readonly absent: readonly string[];
}

/**
 * Gives the blobs of a commit their names in its snapshot.
 * @throws OnnxPredictError CACHE_UNWRITABLE, CACHE_INVALID
 */
export async function commitSnapshot(layout: CacheLayout, snapshot: Snapshot, symlinks: boolean): Promise<void> {
  try {
    for (const path of snapshot.absent) {
      // It spares others a question, and no more: a cache that may only be read is as good without.
      await markAbsent(layout, layout.absence(snapshot.commit, path)).catch(() => {});
    }
    for (const file of snapshot.files) await place(layout, snapshot.commit, file, symlinks);
  } catch (error) {
    throw cacheFailure(error, layout.root);
  }
}

/**
 * Notes which commit a branch or tag is, in one step and last of all: a reference to what is not there would be a broken cache.
 * A whole commit needs no note.
 * @throws OnnxPredictError CACHE_UNWRITABLE, CACHE_INVALID
 */
export async function writeReference(layout: CacheLayout, revision: string, commit: string): Promise<void> {
  if (isCommit(revision)) return;
  const path = layout.ref(revision);
  try {
    // A cache that may only be read is as good as any, as long as there is nothing to change.
    if ((await readFile(path, 'utf8').catch(() => undefined)) === commit) return;
    await makeFolder(layout, dirname(path));
    await throughDraft(layout, path, (draft) => writeFile(draft, commit));
  } catch (error) {
    throw cacheFailure(error, path);
  }
}

/** Whether a snapshot has the file with the size that the Hub declares. */
export async function isPlaced(layout: CacheLayout, commit: string, file: RemoteFile): Promise<boolean> {
  return (await sizeOf(layout.snapshotFile(commit, file.path))) === file.sizeBytes;
}

/** Whether the blob is there with the size that the Hub declares. */
export async function hasBlob(layout: CacheLayout, file: RemoteFile): Promise<boolean> {
  return (await sizeOf(layout.blob(file.etag))) === file.sizeBytes;
}

/**
 * Makes a folder of the cache.
 * @throws OnnxPredictError CACHE_INVALID if a link on the way leads out of the repository's folder
 */
export async function makeFolder(layout: CacheLayout, folder: string): Promise<void> {
  await createFolder(folder);
  const [root, real] = await Promise.all([realpath(layout.root), realpath(folder)]);
  if (real === root || real.startsWith(root + sep)) return;
  throw new OnnxPredictError('CACHE_INVALID', `${folder} is a link out of the cache folder, to ${real}; remove it.`);
}

async function place(layout: CacheLayout, commit: string, file: RemoteFile, symlinks: boolean): Promise<void> {
  if (await isPlaced(layout, commit, file)) return;
  const path = layout.snapshotFile(commit, file.path);
  const blob = layout.blob(file.etag);
  await makeFolder(layout, dirname(path));
  if (symlinks) {
    try {
      return await throughDraft(layout, path, (draft) => symlink(relative(dirname(path), blob), draft));
    } catch (error) {
      if (!NO_SYMLINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  await throughDraft(layout, path, (draft) => copyFile(blob, draft));
}

async function markAbsent(layout: CacheLayout, path: string): Promise<void> {
  if ((await sizeOf(path)) !== undefined) return;
  await makeFolder(layout, dirname(path));
  await writeFile(path, '');
}

/** Makes a file where nobody looks, and then gives it its name: it is never there in part, and replaces what is there. */
async function throughDraft(layout: CacheLayout, path: string, make: (draft: string) => Promise<void>): Promise<void> {
  await makeFolder(layout, layout.blobs);
  const draft = `${layout.blobs}${sep}${randomUUID()}.draft`;
  try {
    await make(draft);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? found.size : undefined;
}
