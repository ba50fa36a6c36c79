import { createReadStream } from 'node:fs';
import type { VerifiedModel } from '../schemas.ts';
import { createBlobHash } from './blob-hash.ts';
import type { CachedFile, CachedRepository } from './scan-cache.ts';

/**
 * Hashes every file of a repository again, blobs that several revisions share once.
 * @throws the signal's reason once it is aborted
 */
export async function verifyRepository(
  { repository, layout, snapshots }: CachedRepository,
  signal: AbortSignal | undefined,
): Promise<VerifiedModel[]> {
  const checked = new Map<string, boolean>();
  async function statusOf({ etag, sizeBytes, broken }: CachedFile): Promise<VerifiedModel['files'][number]['status']> {
    if (broken) return 'missing';
    if (etag === undefined) return 'unverifiable';
    const intact = checked.get(etag) ?? (await hasHash(layout.blob(etag), { etag, sizeBytes, signal }));
    checked.set(etag, intact);
    return intact ? 'ok' : 'corrupt';
  }
  const verified: VerifiedModel[] = [];
  for (const { commit, files } of snapshots) {
    const results: VerifiedModel['files'][number][] = [];
    for (const file of files) results.push({ path: file.path, sizeBytes: file.sizeBytes, status: await statusOf(file) });
    const ok = results.every(({ status }) => status === 'ok' || status === 'unverifiable');
    verified.push({ repository, revision: commit, ok, files: results });
  }
  return verified;
}

async function hasHash(
  path: string,
  { etag, sizeBytes, signal }: { readonly etag: string; readonly sizeBytes: number; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const hash = createBlobHash(etag, sizeBytes);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal?.throwIfAborted();
      hash.update(chunk as Buffer);
    }
  } catch {
    signal?.throwIfAborted();
    // What cannot be read is as good as damaged.
    return false;
  }
  return hash.digest('hex') === etag;
}
