import { resolve as resolvePath } from 'node:path';
import type { HubEnvironment } from '../config.ts';
import { systemClock } from '../disk/clock.ts';
import { OnnxPredictError } from '../errors.ts';
import type { LocalModel, RunnerTask } from '../protocol.ts';
import type { DownloadEvent, Dtype, ModelFile, ModelOwnership, PullResult, Task } from '../schemas.ts';
import { SharedWork, type Waiter } from '../shared-work.ts';
import { type CacheLayout, cacheLayout } from './cache-layout.ts';
import type { Fetch } from './default-fetch.ts';
import type { FetchedModel } from './fetch-model.ts';
import { checkToken, type HubConnection, openConnection, parseEndpoint } from './hub-connection.ts';
import type { HubSettings } from './hub-settings.ts';
import type { RepositoryListing } from './list-repository.ts';
import { listFolderVariants } from './list-variants.ts';
import { locateModel, type ModelLocation } from './locate-model.ts';
import { missingVariant } from './missing-variant.ts';
import { modelFiles } from './model-files.ts';
import { isCommit, type ModelReference } from './model-reference.ts';
import { offlineFailure } from './offline-failure.ts';
import { type CachedModel, readCached } from './read-cached.ts';
import { readModelFolder } from './read-model-folder.ts';
import { sumBytes } from './sum-bytes.ts';

const STALL_MS = 30_000;
/** Below this the three requests that Xet takes to begin cost more than it gains. */
const XET_FROM_BYTES = 64 * 1024 * 1024;

/** A model as it is asked for. */
interface ModelRequest<T extends RunnerTask | undefined> {
  /** Undefined: whatever the model is for. */
  readonly task: T;
  readonly model: string;
  readonly dtype: Dtype;
  readonly revision: string | undefined;
}

/** From models' names to their files: the cache, and the Hugging Face Hub behind it. */
export interface Hub {
  readonly settings: HubSettings;
  connect(): Promise<HubConnection>;
  /**
   * Finds the files that a task needs of a model, and fetches what is missing. What is on the disk is used without a request, whether the
   * revision is a commit or a branch.
   * @throws OnnxPredictError MODEL_*, HUB_*, REPOSITORY_*, REVISION_NOT_FOUND, DOWNLOAD_CORRUPT, CACHE_*
   */
  resolve(request: ModelRequest<RunnerTask>, waiter: Waiter<DownloadEvent>): Promise<LocalModel>;
  /** Asks the Hub whether the revision moved, and fetches what is missing. Throws as `resolve` does. */
  pull(request: ModelRequest<Task | undefined>, waiter: Waiter<DownloadEvent>): Promise<PullResult>;
  /**
   * Does `work`, which `close` ends too. It is given a signal that is aborted then, or when the caller's is.
   * @throws what it throws; the signal's reason once it is aborted; the reason of `close` after it
   */
  whileOpen<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Ends all work, for good; who waits for it, or asks from now on, gets `reason`. Resolves when all locks are free. */
  close(reason: unknown): Promise<void>;
}

/** What is to be fetched of a repository. */
interface Download {
  readonly reference: ModelReference;
  readonly task: RunnerTask | undefined;
  readonly dtype: Dtype;
}

type RepositoryLocation = Extract<ModelLocation, { kind: 'repository' }>;

/**
 * The environment's settings with a caller's over them.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function hubSettings(
  { progressBars: _, ...environment }: HubEnvironment,
  options: {
    readonly endpoint?: string | undefined;
    readonly cacheDir?: string | undefined;
    readonly token?: string | null | undefined;
    readonly offline?: boolean | undefined;
    readonly fetch?: Fetch | undefined;
  },
): HubSettings {
  // What a caller gives is judged at once; what the environment gives, when it is needed.
  if (options.endpoint !== undefined) parseEndpoint(options.endpoint);
  if (options.token != null) checkToken(options.token, 'token:');
  return {
    ...environment,
    endpoint: options.endpoint ?? environment.endpoint,
    // The working folder may change.
    cacheDir: resolvePath(options.cacheDir ?? environment.cacheDir),
    ...(options.token === undefined ? {} : { token: options.token, tokenPath: null }),
    offline: options.offline ?? environment.offline,
    fetch: options.fetch,
    clock: systemClock,
    random: Math.random,
    stallMs: STALL_MS,
    xetFromBytes: XET_FROM_BYTES,
  };
}

export function createHub(settings: HubSettings): Hub {
  const downloads = new SharedWork<FetchedModel, DownloadEvent>();
  const openWork = new SharedWork<unknown>();
  let numWorks = 0;
  let connection: Promise<HubConnection> | undefined;

  async function whileOpen<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    // Nobody shares it.
    return (await openWork.join(String(numWorks++), work, { signal })) as T;
  }

  function connect(): Promise<HubConnection> {
    connection ??= openConnection(settings).catch((error: unknown) => {
      connection = undefined;
      throw error;
    });
    return connection;
  }

  function download(location: RepositoryLocation, { reference, task, dtype }: Download, waiter: Waiter<DownloadEvent>) {
    const { repository, revision } = reference;
    return downloads.join(
      JSON.stringify([repository, revision, task, dtype]),
      async (signal, emit) => {
        // What downloads is loaded for downloads only: a cached or built-in model is answered sooner without it.
        const { fetchModel } = await import('./fetch-model.ts');
        return fetchModel({
          reference,
          alternatives: modelFiles(task, dtype),
          layout: cacheLayout(settings.cacheDir, repository),
          connection: await connect(),
          symlinks: settings.symlinks,
          signal,
          onListing: (listing, files, missingBytes) => {
            if (missingBytes > 0) emit(startEvent({ location, dtype, listing, files, missingBytes }));
          },
          onProgress: emit,
          missingGraph: (graph, listing) => missingVariant(reference, { task, dtype, graph }, listing),
        });
      },
      waiter,
    );
  }

  async function readCachedOrFail(layout: CacheLayout, { reference, task, dtype }: Download): Promise<CachedModel> {
    const cached = await readCached(layout, reference.revision, modelFiles(task, dtype));
    if (!settings.offline || cached.missing.length === 0) return cached;
    const content = cached.commit === undefined ? undefined : await listFolderVariants(layout.snapshot(cached.commit));
    throw offlineFailure(reference, { cached, dtype, cacheDir: settings.cacheDir, variants: content?.variants ?? [] });
  }

  async function resolve(
    { task, model, dtype, revision }: ModelRequest<RunnerTask>,
    waiter: Waiter<DownloadEvent>,
  ): Promise<LocalModel> {
    const location = await locateModel(model, { revision, task: task === 'tokenization' ? 'summarization' : task });
    if (location.kind === 'folder') return readModelFolder(location.id, location.folder, { task, dtype });
    const { reference } = location;
    const wanted = { reference, task, dtype };
    const layout = cacheLayout(settings.cacheDir, reference.repository);
    const cached = await readCachedOrFail(layout, wanted);
    const usable = cached.missing.length === 0;
    if (usable && (settings.offline || cached.unknown.length === 0)) return toLocalModel(reference.repository, cached, dtype);
    // What is missing of a revision that is here in part belongs to the commit that is here: only `pull` moves a branch.
    const pinned = { ...reference, revision: cached.commit ?? reference.revision };
    try {
      const { listing } = await download(location, { ...wanted, reference: pinned }, waiter).catch((error: unknown) => {
        if (!hasCode(error, 'REVISION_NOT_FOUND') || pinned.revision === reference.revision) throw error;
        return download(location, wanted, waiter);
      });
      return toLocalModel(reference.repository, await readCached(layout, listing.commit, modelFiles(task, dtype)), dtype);
    } catch (error) {
      // Whether there are more files matters less than that those which are needed are there.
      if (usable && hasCode(error, 'HUB_UNREACHABLE')) return toLocalModel(reference.repository, cached, dtype);
      throw error;
    }
  }

  async function pull(
    { task: asked, model, dtype, revision }: ModelRequest<Task | undefined>,
    waiter: Waiter<DownloadEvent>,
  ): Promise<PullResult> {
    const location = await locateModel(model, { revision, task: asked });
    const task = asked ?? location.task;
    if (location.kind === 'folder') return describeFolder(location, { task, dtype });
    const { reference, registered } = location;
    const wanted = { reference, task, dtype };
    const layout = cacheLayout(settings.cacheDir, reference.repository);
    const cached = await readCachedOrFail(layout, wanted);
    if (cached.missing.length === 0 && cached.commit !== undefined && (settings.offline || isCommit(reference.revision))) {
      const identity = { id: reference.repository, revision: cached.commit, dtype };
      const folder = layout.snapshot(cached.commit);
      const files = await variantFiles(folder, { task, dtype });
      return toPullResult(identity, files, { folder, ...ownership(registered), downloadedBytes: 0 });
    }
    const { listing, files, downloadedBytes } = await download(location, wanted, waiter);
    const identity = { id: reference.repository, revision: listing.commit, dtype };
    const folder = layout.snapshot(listing.commit);
    return toPullResult(identity, files, { folder, ...ownership(registered, listing), downloadedBytes });
  }

  return {
    settings,
    connect,
    resolve: (request, waiter) => whileOpen((signal) => resolve(request, { ...waiter, signal }), waiter.signal),
    pull: (request, waiter) => whileOpen((signal) => pull(request, { ...waiter, signal }), waiter.signal),
    whileOpen,
    async close(reason) {
      await Promise.all([downloads.close(reason), openWork.close(reason)]);
    },
  };
}

/** The registry knows more than a repository's card says. */
export function ownership(registered: ModelOwnership | undefined, listing?: RepositoryListing): ModelOwnership {
  return {
    licence: registered?.licence ?? listing?.licence ?? null,
    upstream: registered?.upstream ?? listing?.upstream ?? null,
  };
}

function startEvent(start: {
  readonly location: RepositoryLocation;
  readonly dtype: Dtype;
  readonly listing: RepositoryListing;
  readonly files: readonly ModelFile[];
  readonly missingBytes: number;
}): DownloadEvent {
  const { location, dtype, listing, files, missingBytes } = start;
  return {
    type: 'start',
    repository: location.reference.repository,
    revision: listing.commit,
    dtype,
    files: files.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    totalBytes: sumBytes(files),
    missingBytes,
    ...ownership(location.registered, listing),
  };
}

function toLocalModel(repository: string, { files, commit, paths, missing }: CachedModel, dtype: Dtype): LocalModel {
  if (commit === undefined || missing.length > 0) {
    const message = `The files of ${repository} vanished from the cache while they were looked at; try again.`;
    throw new OnnxPredictError('CACHE_INVALID', message);
  }
  return files.toLocalModel({ id: repository, revision: commit, dtype }, paths);
}

async function describeFolder(
  { id, folder, builtin }: Extract<ModelLocation, { kind: 'folder' }>,
  { task, dtype }: { readonly task: Task | undefined; readonly dtype: Dtype },
): Promise<PullResult> {
  const { identity, task: found } = await readModelFolder(id, folder, { task, dtype });
  const files = await variantFiles(folder, { task: found === 'tokenization' ? task : found, dtype });
  return toPullResult(identity, files, { folder, ...ownership(builtin), downloadedBytes: 0 });
}

async function variantFiles(
  folder: string,
  { task, dtype }: { readonly task: Task | undefined; readonly dtype: Dtype },
): Promise<readonly ModelFile[]> {
  const { variants } = await listFolderVariants(folder, task);
  return variants.find((variant) => variant.dtype === dtype)?.files ?? [];
}

function hasCode(error: unknown, code: OnnxPredictError['code']): boolean {
  return error instanceof OnnxPredictError && error.code === code;
}

function toPullResult(
  model: PullResult['model'],
  files: readonly ModelFile[],
  rest: Omit<PullResult, 'model' | 'files' | 'totalBytes'>,
): PullResult {
  return { model, files: files.map(({ path, sizeBytes }) => ({ path, sizeBytes })), totalBytes: sumBytes(files), ...rest };
}
