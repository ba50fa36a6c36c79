import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { createApiFetch } from './api-fetch.ts';
import { isContentHash } from './cache-layout.ts';
import type { HubConnection } from './hub-connection.ts';
import { isCommit, type ModelReference } from './model-reference.ts';
import { probeRepository } from './probe-repository.ts';

/** A file as the Hub declares it. */
export interface RemoteFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Sha256 of an LFS file's content, git blob sha1 of another's. */
  readonly etag: string;
  /** It is kept in Xet storage, from which it may come in parallel. */
  readonly xet: boolean;
}

/** What a repository holds at one commit. */
export interface RepositoryListing {
  readonly commit: string;
  /** By path; where the server has no listing, only the files that were asked for. */
  readonly files: ReadonlyMap<string, RemoteFile>;
  /** As the repository's card has it. */
  readonly licence: string | null;
  readonly upstream: string | null;
}

/** Files and folders. */
const MAX_ENTRIES = 100_000;
const countSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hashSchema = v.pipe(v.string(), v.check(isContentHash));
const InfoSchema = v.object({
  sha: v.pipe(v.string(), v.check(isCommit)),
  tags: v.optional(v.array(v.string()), []),
});
const EntrySchema = v.pipe(
  v.object({
    path: v.string(),
    size: countSchema,
    oid: hashSchema,
    lfs: v.optional(v.object({ oid: hashSchema, size: countSchema })),
    xetHash: v.optional(v.string()),
  }),
  v.transform(({ path, size, oid, lfs, xetHash }): RemoteFile => {
    return { path, sizeBytes: lfs?.size ?? size, etag: lfs?.oid ?? oid, xet: xetHash !== undefined };
  }),
);

/**
 * Asks the Hub which commit a revision is and what it holds: two requests. A mirror without the Hub's API is asked for each of
 * `wanted` instead.
 * @throws OnnxPredictError of request-failure.ts; the signal's reason once it is aborted
 */
export async function listRepository(
  connection: HubConnection,
  { repository, revision }: ModelReference,
  { wanted, signal }: { readonly wanted: readonly string[]; readonly signal: AbortSignal },
): Promise<RepositoryListing> {
  const subject = { repository, revision, endpoint: connection.endpoint };
  const api = createApiFetch(connection, { signal, subject });
  const hub = await import('@huggingface/hub');
  try {
    // Our own fetch adds the token, to the Hub's requests alone.
    const options = { hubUrl: connection.endpoint, fetch: api.fetch };
    const info = v.parse(
      InfoSchema,
      await hub.modelInfo({ ...options, name: repository, revision, additionalFields: ['sha', 'tags'] }),
    );
    const files = new Map<string, RemoteFile>();
    let numEntries = 0;
    for await (const entry of hub.listFiles({ ...options, repo: repository, revision: info.sha, recursive: true })) {
      numEntries += 1;
      if (numEntries > MAX_ENTRIES) {
        throw new OnnxPredictError('HUB_INVALID_ANSWER', `${repository} has over ${MAX_ENTRIES} files and folders.`);
      }
      if (entry.type !== 'file') continue;
      const file = v.parse(EntrySchema, entry);
      files.set(file.path, file);
    }
    return { commit: info.sha, files, licence: tagged(info.tags, 'license:'), upstream: tagged(info.tags, 'base_model:') };
  } catch (error) {
    signal.throwIfAborted();
    // Anything else is what the client, or a schema here, makes of an answer that is none of the Hub's.
    if (error instanceof OnnxPredictError) throw error;
    return probeRepository(connection, { repository, revision }, { wanted, signal });
  }
}

/** The value of a tag like `license:apache-2.0`; of several, the first without a further colon. */
function tagged(tags: readonly string[], prefix: string): string | null {
  return (
    tags
      .filter((tag) => tag.startsWith(prefix))
      .map((tag) => tag.slice(prefix.length))
      .find((value) => !value.includes(':')) ?? null
  );
}
