import { stat, statfs } from 'node:fs/promises';
import { holdLock } from '../disk/file-lock.ts';
import { OnnxPredictError, reportError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { DownloadEvent, ModelFile } from '../schemas.ts';
import { cacheFailure } from './cache-failure.ts';
import type { CacheLayout } from './cache-layout.ts';
import { commitSnapshot, hasBlob, isPlaced, makeFolder, writeReference } from './commit-snapshot.ts';
import { downloadBlob } from './download-blob.ts';
import type { HubConnection } from './hub-connection.ts';
import { listRepository, type RemoteFile, type RepositoryListing } from './list-repository.ts';
import { externalDataName, fileNames, isExternalData, type ModelFiles } from './model-files.ts';
import type { ModelReference } from './model-reference.ts';
import { sumBytes } from './sum-bytes.ts';

const MAX_PARALLEL_FILES = 4;

export interface FetchRequest {
  readonly reference: ModelReference;
  /** The sets of files that would do, best first. */
  readonly alternatives: readonly [ModelFiles, ...ModelFiles[]];
  readonly layout: CacheLayout;
  readonly connection: HubConnection;
  readonly symlinks: boolean;
  readonly signal: AbortSignal;
  /** What the model is, before anything is fetched. */
  readonly onListing: (listing: RepositoryListing, files: readonly ModelFile[], missingBytes: number) => void;
  readonly onProgress: (event: Extract<DownloadEvent, { type: 'progress' | 'waiting' }>) => void;
  /** The error for a graph that the repository does not have. */
  readonly missingGraph: (graph: string, listing: RepositoryListing) => OnnxPredictError;
}

export interface FetchedModel {
  readonly listing: RepositoryListing;
  readonly files: readonly ModelFile[];
  readonly downloadedBytes: number;
}

/**
 * Asks the Hub what the revision is now, and fetches the files that the cache lacks.
 * @throws OnnxPredictError MODEL_NOT_AVAILABLE, MODEL_INVALID, DOWNLOAD_CORRUPT, CACHE_*, those of request-failure.ts; the
 *   signal's reason once it is aborted
 */
export async function fetchModel(request: FetchRequest): Promise<FetchedModel> {
  const { reference, alternatives, layout, signal } = request;
  const connection = tellingRetries(request, null);
  const probable = alternatives.flatMap((files) => [
    ...fileNames(files),
    ...files.graphs.map((graph) => externalDataName(graph, 0)),
  ]);
  const listing = await listRepository(connection, reference, { wanted: [...new Set(probable)], signal });
  const wanted = chooseFiles(listing, alternatives);
  const plan = planFiles(listing, wanted);
  const [lacking] = plan.lacking;
  if (lacking !== undefined) {
    if (wanted.graphs.includes(lacking)) throw request.missingGraph(lacking, listing);
    throw new OnnxPredictError(
      'MODEL_INVALID',
      `The repository ${reference.repository} at ${reference.revision} has no ${lacking}. A model that can be used has ${Object.values(wanted.required).join(', ')}.`,
    );
  }
  const missing: RemoteFile[] = [];
  for (const file of plan.files) {
    if (!(await isPlaced(layout, listing.commit, file)) && !(await hasBlob(layout, file))) missing.push(file);
  }
  const missingBytes = sumBytes(missing);
  request.onListing(listing, plan.files, missingBytes);
  const { commit } = listing;
  // By commit: the branch may move while the files come.
  const pinned = { ...request, reference: { ...reference, revision: commit } };
  const downloadedBytes = missing.length === 0 ? 0 : await fetchBlobs(missing, missingBytes, pinned);
  await commitSnapshot(layout, { commit, files: plan.files, absent: plan.absent }, request.symlinks);
  await writeReference(layout, reference.revision, commit);
  return { listing, files: plan.files, downloadedBytes };
}

/** The best set of files of which the repository has all, else the one of which it has the first graph, else the best. */
function chooseFiles({ files }: RepositoryListing, alternatives: readonly [ModelFiles, ...ModelFiles[]]): ModelFiles {
  return (
    alternatives.find(({ required }) => Object.values(required).every((name) => files.has(name))) ??
    alternatives.find(({ graphs: [graph] }) => graph !== undefined && files.has(graph)) ??
    alternatives[0]
  );
}

interface Plan {
  /** External weights first, graphs last: the cache shows a model as complete when its graphs are there. */
  readonly files: readonly RemoteFile[];
  readonly lacking: readonly string[];
  readonly absent: readonly string[];
}

function planFiles({ files }: RepositoryListing, { required, optional, graphs }: ModelFiles): Plan {
  const names = Object.values(required);
  const optionalNames = Object.values(optional);
  const externalData = [...files.values()].filter(({ path }) => graphs.some((graph) => isExternalData(graph, path)));
  const present = (wanted: readonly string[]) => wanted.flatMap((name) => files.get(name) ?? []);
  const withoutData = graphs.map((graph) => externalDataName(graph, 0)).filter((name) => !files.has(name));
  return {
    files: [
      ...externalData,
      ...present(optionalNames),
      ...present(names.filter((name) => !graphs.includes(name))),
      ...present(graphs),
    ],
    lacking: names.filter((name) => !files.has(name)),
    absent: [...optionalNames.filter((name) => !files.has(name)), ...withoutData],
  };
}

/** The connection, for work on one file or on the list of files. */
function tellingRetries({ connection, onProgress }: FetchRequest, file: string | null): HubConnection {
  return {
    ...connection,
    onRetry(failure, delayMs) {
      onProgress({ type: 'waiting', reason: 'retry', delayMs, file, error: reportError(failure) });
    },
  };
}

/** Gives the number of bytes that this call fetched. */
async function fetchBlobs(missing: readonly RemoteFile[], missingBytes: number, request: FetchRequest): Promise<number> {
  const { layout, signal } = request;
  try {
    // A repository's folder without snapshots would be a fault to huggingface_hub, should this be all that is ever done.
    await makeFolder(layout, layout.snapshots);
    await makeFolder(layout, layout.blobs);
  } catch (error) {
    throw cacheFailure(error, layout.blobs);
  }
  await checkRoom(layout, missing);
  const progress = new Map<string, { received: number; resumed: number }>();
  const sum = (count: (each: { received: number; resumed: number }) => number) =>
    [...progress.values()].reduce((total, each) => total + count(each), 0);
  const queue = [...missing];
  // One failure ends the others: what they have is kept.
  const controller = new AbortController();
  const abort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const current = file;
      await fetchBlob(current, { ...request, signal: controller.signal }, (received, resumed) => {
        progress.set(current.path, { received, resumed });
        request.onProgress({
          type: 'progress',
          file: current.path,
          fileBytes: received,
          fileSizeBytes: current.sizeBytes,
          receivedBytes: sum(({ received }) => received),
          missingBytes,
          resumedBytes: sum(({ resumed }) => resumed),
        });
      });
    }
  };
  try {
    const workers = Array.from({ length: Math.min(MAX_PARALLEL_FILES, missing.length) }, async () => {
      try {
        await work();
      } catch (error) {
        controller.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(workers);
    signal.throwIfAborted();
    controller.signal.throwIfAborted();
    return sum(({ received, resumed }) => received - resumed);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function fetchBlob(
  file: RemoteFile,
  request: FetchRequest,
  onProgress: (receivedBytes: number, resumedBytes: number) => void,
): Promise<void> {
  const { layout, reference, signal } = request;
  const connection = tellingRetries(request, file.path);
  const lock = layout.lock(file.etag);
  await using _lock = await holdLock(lock, {
    clock: connection.clock,
    signal,
    onWait: () => request.onProgress({ type: 'waiting', reason: 'lock', delayMs: null, file: file.path, error: null }),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw cacheFailure(error, lock);
  });
  // Another process may have fetched it while this one waited.
  if (await hasBlob(layout, file)) return onProgress(file.sizeBytes, file.sizeBytes);
  await downloadBlob(file, { connection, layout, reference, signal, onProgress });
}

async function checkRoom(layout: CacheLayout, missing: readonly RemoteFile[]): Promise<void> {
  const disk = await statfs(layout.blobs).catch(() => undefined);
  // Some network and container file systems do not say.
  if (disk === undefined || disk.blocks === 0) return;
  const partial = await Promise.all(missing.map(({ etag }) => stat(layout.partial(etag)).catch(() => ({ size: 0 }))));
  const neededBytes = sumBytes(missing) - partial.reduce((sum, { size }) => sum + size, 0);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= neededBytes) return;
  throw new OnnxPredictError(
    'CACHE_UNWRITABLE',
    `${layout.blobs} has room for ${formatBytes(freeBytes)}, and ${formatBytes(neededBytes)} are missing; make room, or name another folder with --cache-dir (cacheDir) or HF_HUB_CACHE.`,
  );
}
