import { OnnxPredictError } from '../errors.ts';
import { isContentHash } from './cache-layout.ts';
import { fileAddress } from './file-address.ts';
import type { HubConnection } from './hub-connection.ts';
import type { RemoteFile, RepositoryListing } from './list-repository.ts';
import { isCommit, type ModelReference } from './model-reference.ts';
import { requestHub } from './request-hub.ts';

/**
 * Finds out about files one by one, from the headers with which the Hub answers for each, as huggingface_hub does: for mirrors
 * that have the files but not the API.
 * @throws OnnxPredictError of request-failure.ts; the signal's reason once it is aborted
 */
export async function probeRepository(
  connection: HubConnection,
  reference: ModelReference,
  { wanted, signal }: { readonly wanted: readonly string[]; readonly signal: AbortSignal },
): Promise<RepositoryListing> {
  const files = new Map<string, RemoteFile>();
  let commit: string | undefined;
  for (const path of wanted) {
    // After the first answer all are of one commit, even if the branch moves meanwhile.
    const pinned = { ...reference, revision: commit ?? reference.revision };
    const probed = await probeFile(connection, pinned, { path, signal, isKnown: commit !== undefined });
    commit ??= probed.commit;
    if (probed.file !== undefined) files.set(path, probed.file);
  }
  if (commit === undefined) throw invalid(connection, 'names no commit (X-Repo-Commit)');
  return { commit, files, licence: null, upstream: null };
}

interface Probed {
  readonly commit: string | undefined;
  /** Undefined if the commit has no such file. */
  readonly file: RemoteFile | undefined;
}

async function probeFile(
  connection: HubConnection,
  reference: ModelReference,
  { path, signal, isKnown }: { readonly path: string; readonly signal: AbortSignal; readonly isKnown: boolean },
): Promise<Probed> {
  const { response, hubHeader, guard } = await requestHub(fileAddress(connection, reference, path), connection, {
    method: 'HEAD',
    signal,
    stayOnHub: true,
    subject: { ...reference, path, endpoint: connection.endpoint },
    // Of a repository that is there, a plain 404 means the file too.
    accept: (status, errorCode) => errorCode === 'EntryNotFound' || (status === 404 && errorCode === null && isKnown),
  });
  guard.close();
  const commit = hubHeader('x-repo-commit') ?? undefined;
  if (commit !== undefined && !isCommit(commit)) throw invalid(connection, 'names a commit that is none');
  if (response.status >= 400) return { commit, file: undefined };
  const etag = normalizeEtag(hubHeader('x-linked-etag') ?? response.headers.get('etag'));
  const isRedirect = response.status >= 300;
  const size = hubHeader('x-linked-size') ?? (isRedirect ? null : response.headers.get('content-length'));
  if (commit === undefined || etag === undefined || size === null || !/^\d{1,15}$/.test(size)) {
    throw invalid(connection, `does not say of ${path} its commit, its hash and its size`);
  }
  return { commit, file: { path, sizeBytes: Number(size), etag, xet: false } };
}

/** `W/"etag"` and `"etag"` as `etag`; undefined if it is no content hash. */
function normalizeEtag(header: string | null): string | undefined {
  const etag = header?.replace(/^W\//, '').replaceAll('"', '');
  return etag !== undefined && isContentHash(etag) ? etag : undefined;
}

function invalid({ endpoint }: HubConnection, problem: string): OnnxPredictError {
  const host = new URL(endpoint).host;
  return new OnnxPredictError('HUB_INVALID_ANSWER', `${host} ${problem}: it is no Hugging Face Hub. Check HF_ENDPOINT.`);
}
