import { OnnxPredictError } from '../errors.ts';
import type { LockedModel } from '../locked-model.ts';
import {
  type Dtype,
  type ListedModel,
  modelSchema,
  type PrunedFiles,
  PruneOptionsSchema,
  type PullOptions,
  PullOptionsSchema,
  parseArgument,
  type RemovedModel,
  RemoveOptionsSchema,
  type ShownModel,
  ShowOptionsSchema,
  type Task,
  type VerifiedModel,
  VerifyOptionsSchema,
} from '../schemas.ts';
import { cacheLayout } from './cache-layout.ts';
import { writeReference } from './commit-snapshot.ts';
import { type DescribedCache, describeCached } from './describe-cached.ts';
import { type Hub, ownership } from './hub.ts';
import { listRepository, type RepositoryListing } from './list-repository.ts';
import { listFolderVariants, listRemoteVariants } from './list-variants.ts';
import { locateModel, type ModelLocation, registeredAs } from './locate-model.ts';
import { DTYPES, fileNames, modelFiles } from './model-files.ts';
import { pruneCache } from './prune-cache.ts';
import { readReference } from './read-cached.ts';
import { REGISTERED_MODELS } from './registry.ts';
import { removeModel } from './remove-model.ts';
import { type CachedRepository, scanCache, scanRepository } from './scan-cache.ts';
import { verifyRepository } from './verify-cache.ts';

type RepositoryLocation = Extract<ModelLocation, { kind: 'repository' }>;

const NOTHING_ON_DISK = { revision: null, refs: [], dtypes: [], sizeBytes: 0, partialBytes: 0 } as const;

/** The models on this machine, as `engine.models`. */
export interface ModelManager {
  /** The aliases, and every repository in the cache that holds an ONNX model: one entry per revision. */
  list(): Promise<ListedModel[]>;
  /**
   * What is known of one model: from the Hub, or where it may not be asked or does not answer, from the disk. `task` says which
   * one is meant where a name stands for several, as `tiny` does; default: the first that `list` gives.
   */
  show(
    model: string,
    options?: { readonly task?: Task; readonly revision?: string; readonly signal?: AbortSignal },
  ): Promise<ShownModel>;
  /**
   * Removes a repository from the cache, or one revision of it if that is named.
   * @throws OnnxPredictError MODEL_NOT_AVAILABLE if it is not there, MODEL_UNKNOWN, INVALID_ARGUMENT, CACHE_BUSY, CACHE_UNWRITABLE
   */
  remove(model: string, options?: { readonly revision?: string; readonly dryRun?: boolean }): Promise<RemovedModel>;
  /** Removes what is left of downloads that will not go on. */
  prune(options?: { readonly dryRun?: boolean }): Promise<PrunedFiles>;
  /**
   * Hashes the files of one model in the cache again, or of every one that `list` gives.
   * @throws OnnxPredictError MODEL_NOT_AVAILABLE if the one that is named is not there
   */
  verify(model?: string, options?: { readonly signal?: AbortSignal }): Promise<VerifiedModel[]>;
  /**
   * What a model in the cache is, byte by byte: its commit, and the sha256 of each of its files. Nothing is asked of the network.
   * @throws OnnxPredictError MODEL_NOT_AVAILABLE if it is not whole there
   */
  lock(model: string, options?: PullOptions): Promise<LockedModel>;
  /**
   * Lets the branch or tag of a model mean its commit from now on, in this cache: what follows a branch is then the model that was locked.
   * @throws OnnxPredictError CACHE_UNWRITABLE
   */
  pin(locked: LockedModel): Promise<void>;
  /**
   * Writes models of the cache into a file, for a machine without a connection.
   * @throws OnnxPredictError MODEL_NOT_AVAILABLE if one is not whole in the cache; INVALID_ARGUMENT if the file cannot be written
   */
  export(models: readonly string[], path: string, options?: PullOptions): Promise<readonly LockedModel[]>;
  /**
   * Puts the models of such a file into the cache, after their hashes were compared.
   * @throws OnnxPredictError INPUT_NOT_FOUND, INPUT_UNREADABLE; CACHE_INVALID if it is damaged
   */
  import(path: string, options?: { readonly signal?: AbortSignal }): Promise<readonly LockedModel[]>;
}

export function createModelManager(hub: Hub): ModelManager {
  return {
    list: () => hub.whileOpen(() => listModels(hub)),
    async show(name, options = {}) {
      const model = parseArgument(modelSchema, name);
      const { task, revision, signal: given } = parseArgument(ShowOptionsSchema, options);
      return hub.whileOpen((signal) => showModel(hub, { model, task, revision, signal }), given);
    },
    async remove(name, options = {}) {
      const model = parseArgument(modelSchema, name);
      const { revision, dryRun = false } = parseArgument(RemoveOptionsSchema, options);
      return hub.whileOpen(() => removeFromCache(hub, { model, revision, dryRun }));
    },
    async prune(options = {}) {
      const { dryRun = false } = parseArgument(PruneOptionsSchema, options);
      return hub.whileOpen(() => pruneModels(hub, { dryRun }));
    },
    async verify(name, options = {}) {
      const model = name === undefined ? undefined : parseArgument(modelSchema, name);
      const { signal: given } = parseArgument(VerifyOptionsSchema, options);
      return hub.whileOpen((signal) => verifyModels(hub, { model, signal }), given);
    },
    async lock(name, options = {}) {
      const { request, signal: given } = parseCachedRequest(name, options);
      return hub.whileOpen(async (signal) => (await describeCached(hub.settings.cacheDir, request, signal)).locked, given);
    },
    async pin({ repository, ref, revision }) {
      await hub.whileOpen(() => writeReference(cacheLayout(hub.settings.cacheDir, repository), ref, revision));
    },
    async export(names, path, options = {}) {
      const requests = names.map((name) => parseCachedRequest(name, options).request);
      return hub.whileOpen(async (signal) => {
        const described: DescribedCache[] = [];
        for (const request of requests) described.push(await describeCached(hub.settings.cacheDir, request, signal));
        const { writeArchive } = await import('./model-archive.ts');
        await writeArchive(path, described, signal);
        return described.map(({ locked }) => locked);
      }, options.signal);
    },
    async import(path, options = {}) {
      const { cacheDir, symlinks } = hub.settings;
      const { readArchive } = await import('./model-archive.ts');
      return hub.whileOpen((signal) => readArchive(path, { cacheDir, symlinks, signal }), options.signal);
    },
  };
}

function parseCachedRequest(name: string, { signal, onProgress: _, ...options }: PullOptions) {
  const model = parseArgument(modelSchema, name);
  const { task, dtype = 'fp32', revision } = parseArgument(PullOptionsSchema, options);
  return { request: { model, task, dtype, revision }, signal };
}

async function listModels({ settings }: Hub): Promise<ListedModel[]> {
  const cached = await scanCache(settings.cacheDir);
  const listed: ListedModel[] = [];
  for (const { alias, task, origin } of REGISTERED_MODELS) {
    if ('builtin' in origin) {
      const { variants } = await listFolderVariants(origin.builtin, task);
      const sizeBytes = variants.reduce((sum, variant) => sum + variant.sizeBytes, 0);
      const dtypes = variants.map(({ dtype }) => dtype);
      listed.push({ ...NOTHING_ON_DISK, id: alias, task, repository: null, dtypes, sizeBytes, ...ownership(origin) });
    } else if (!cached.some(({ repository, snapshots }) => repository === origin.repository && snapshots.length > 0)) {
      const partials = cached.find(({ repository }) => repository === origin.repository)?.partials ?? [];
      const partialBytes = partials.reduce((sum, partial) => sum + partial.sizeBytes, 0);
      listed.push({ ...NOTHING_ON_DISK, id: alias, task, repository: origin.repository, partialBytes, ...ownership(origin) });
    }
  }
  for (const repository of cached) listed.push(...(await listSnapshots(repository)));
  return listed;
}

async function listSnapshots({ repository, layout, snapshots, partials }: CachedRepository): Promise<ListedModel[]> {
  const known = registeredAs(repository);
  const partialBytes = partials.reduce((sum, partial) => sum + partial.sizeBytes, 0);
  const withOnnx = snapshots.filter(({ files }) => files.some(({ path }) => path.endsWith('.onnx')));
  return Promise.all(
    withOnnx.map(async ({ commit, refs, files }) => {
      const { task, variants } = await listFolderVariants(layout.snapshot(commit), known?.task);
      return {
        id: known?.alias ?? repository,
        task: task ?? known?.task ?? null,
        repository,
        revision: commit,
        refs,
        dtypes: variants.map(({ dtype }) => dtype),
        sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
        partialBytes,
        ...ownership(known?.registered),
      };
    }),
  );
}

async function showModel(
  hub: Hub,
  {
    model,
    task: asked,
    revision,
    signal,
  }: {
    readonly model: string;
    readonly task?: Task | undefined;
    readonly revision?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ShownModel> {
  const location = await locateModel(model, { revision, task: asked });
  const task = asked ?? location.task;
  if (location.kind === 'folder') {
    const { id, folder, builtin } = location;
    const content = await listFolderVariants(folder, task);
    return { id, repository: null, revision: null, source: 'disk', folder, ...content, ...ownership(builtin) };
  }
  if (hub.settings.offline) return showCached(hub, location, task);
  let listing: RepositoryListing;
  try {
    listing = await listRepository(await hub.connect(), location.reference, {
      wanted: [...new Set(DTYPES.flatMap((dtype) => modelFiles(task, dtype).flatMap(fileNames)))],
      signal: signal ?? new AbortController().signal,
    });
  } catch (error) {
    if (error instanceof OnnxPredictError && error.code === 'HUB_UNREACHABLE') return showCached(hub, location, task, error);
    throw error;
  }
  const { repository } = location.reference;
  const folder = cacheLayout(hub.settings.cacheDir, repository).snapshot(listing.commit);
  const onDisk = new Set((await listFolderVariants(folder, task)).variants.map(({ dtype }) => dtype));
  const content = listRemoteVariants(listing, task);
  return {
    id: location.alias ?? repository,
    task: content.task,
    repository,
    revision: listing.commit,
    source: 'hub',
    folder: onDisk.size > 0 ? folder : null,
    variants: content.variants.map((variant) => ({ ...variant, onDisk: onDisk.has(variant.dtype) })),
    ...ownership(location.registered, listing),
  };
}

async function showCached(
  hub: Hub,
  location: RepositoryLocation,
  task: Task | undefined,
  unreachable?: OnnxPredictError,
): Promise<ShownModel> {
  const { reference, registered, alias } = location;
  const layout = cacheLayout(hub.settings.cacheDir, reference.repository);
  const commit = await readReference(layout, reference.revision);
  const folder = commit === undefined ? null : layout.snapshot(commit);
  const content = folder === null ? undefined : await listFolderVariants(folder, task);
  const shown = {
    id: alias ?? reference.repository,
    task: content?.task ?? task ?? null,
    repository: reference.repository,
    ...ownership(registered),
  };
  if (content !== undefined && content.variants.length > 0) {
    return { ...shown, revision: commit ?? null, source: 'cache', folder, variants: content.variants };
  }
  if (registered === undefined) {
    const where = `${reference.repository} at ${reference.revision} is not in the cache ${hub.settings.cacheDir}`;
    throw unreachable ?? new OnnxPredictError('HUB_OFFLINE', `${where}, and the Hub is not asked in offline mode.`);
  }
  const known = Object.entries(registered.approximateBytes) as [Dtype, number][];
  const approximate = known.map(([dtype, sizeBytes]) => ({ dtype, files: [], sizeBytes, onDisk: false }));
  return { ...shown, revision: null, source: 'registry', folder: null, variants: approximate };
}

async function removeFromCache(
  { settings }: Hub,
  { model, revision, dryRun }: { readonly model: string; readonly revision?: string | undefined; readonly dryRun: boolean },
): Promise<RemovedModel> {
  const { reference, alias } = requireRepository(await locateModel(model, { revision }), model);
  const cached = await scanRepository(settings.cacheDir, reference.repository);
  const named = revision !== undefined || model.includes('@');
  const commit = named ? await readReference(cached.layout, reference.revision) : undefined;
  const found = named ? cached.snapshots.some((snapshot) => snapshot.commit === commit) : isThere(cached);
  if (!found) {
    const what = named ? `${reference.repository} at ${reference.revision}` : reference.repository;
    throw new OnnxPredictError(
      'MODEL_NOT_AVAILABLE',
      `${alias === null ? '' : `${alias}: `}${what} is not in the cache ${settings.cacheDir}; there is nothing to remove.`,
    );
  }
  return removeModel(cached, { commit, dryRun, clock: settings.clock });
}

async function pruneModels({ settings }: Hub, { dryRun }: { readonly dryRun: boolean }): Promise<PrunedFiles> {
  return pruneCache(await scanCache(settings.cacheDir), { dryRun, clock: settings.clock });
}

async function verifyModels(
  { settings }: Hub,
  { model, signal }: { readonly model?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<VerifiedModel[]> {
  const repositories = model === undefined ? await scanCache(settings.cacheDir) : [await findOne(settings.cacheDir, model)];
  const verified: VerifiedModel[] = [];
  for (const repository of repositories) {
    const isOurs =
      model !== undefined || repository.snapshots.some(({ files }) => files.some(({ path }) => path.endsWith('.onnx')));
    if (isOurs) verified.push(...(await verifyRepository(repository, signal)));
  }
  return verified;
}

async function findOne(cacheDir: string, model: string): Promise<CachedRepository> {
  const { reference } = requireRepository(await locateModel(model), model);
  const cached = await scanRepository(cacheDir, reference.repository);
  if (cached.snapshots.length > 0) return cached;
  throw new OnnxPredictError(
    'MODEL_NOT_AVAILABLE',
    `${reference.repository} is not in the cache ${cacheDir}; there is nothing to verify.`,
  );
}

function isThere({ snapshots, partials }: CachedRepository): boolean {
  return snapshots.length > 0 || partials.length > 0;
}

function requireRepository(location: ModelLocation, model: string): RepositoryLocation {
  if (location.kind === 'repository') return location;
  const what = location.builtin !== undefined ? 'is built in' : 'is a folder of yours';
  throw new OnnxPredictError('INVALID_ARGUMENT', `Model ${model} ${what}; only models in the cache can be removed or verified.`);
}
