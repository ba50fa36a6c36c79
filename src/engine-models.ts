import { OnnxPredictError } from './errors.ts';
import { findOnDisk, isBuiltin } from './hub/find-on-disk.ts';
import type { Hub } from './hub/hub.ts';
import { lazyModelManager } from './hub/lazy-model-manager.ts';
import type { ModelManager } from './hub/manage-models.ts';
import type { PreparedStoreOptions } from './prepared/prepared-store.ts';
import { createPreparedStore } from './prepared/prepared-store.ts';
import type { LocalModel, PreparableModel, RunnerTask } from './protocol.ts';
import type { Dtype, LoadEvent, PreparationResult, Task } from './schemas.ts';
import type { Waiter } from './shared-work.ts';
import { SWITCH_WORDS } from './switch-words.ts';

/** A model as it is asked for. */
interface ModelRequest<T extends RunnerTask | undefined> {
  readonly task: T;
  readonly model: string;
  readonly dtype: Dtype;
  readonly revision: string | undefined;
}

/** The files that models are loaded from: the hub's, and what was prepared of them. */
export interface EngineModels {
  /** As the hub resolves a model, with what is prepared of it, which may be made now. */
  resolve(request: ModelRequest<RunnerTask>, waiter: Waiter<LoadEvent>): Promise<LocalModel>;
  /** Prepares a model that was pulled, unless it is too small to gain by it. Fails only as `resolve` does. */
  prepareAfterPull(request: ModelRequest<Task | undefined>, waiter: Waiter<LoadEvent>): Promise<void>;
  /**
   * Prepares a model because somebody asks for it.
   * @throws OnnxPredictError PREPARATION_FAILED, and as `hub.pull` throws
   */
  prepare(request: ModelRequest<Task | undefined>, force: boolean, waiter: Waiter<LoadEvent>): Promise<PreparationResult>;
  /** What was prepared could not be loaded. */
  distrust(model: LocalModel, reason: string): Promise<void>;
  readonly manager: ModelManager;
}

export function createEngineModels(
  hub: Hub,
  { when, ...options }: PreparedStoreOptions & { readonly when: 'auto' | 'never' },
): EngineModels {
  const store = createPreparedStore(options);

  /** For q8: the fp32 files, of which a better one is made than the Hub has. They are never fetched for that. */
  async function findQuantizable(request: ModelRequest<RunnerTask | undefined>): Promise<PreparableModel | undefined> {
    if (request.dtype !== 'q8') return undefined;
    const full = await findOnDisk({ ...request, dtype: 'fp32' }, hub.settings);
    if (full === undefined || full.task === 'tokenization') return undefined;
    return { ...full, identity: { ...full.identity, dtype: 'q8' }, quantize: true };
  }

  function use(model: PreparableModel, waiter: Waiter<LoadEvent>): Promise<PreparableModel> {
    return store.use(model, !isBuiltin(model), waiter);
  }

  async function resolve(request: ModelRequest<RunnerTask>, waiter: Waiter<LoadEvent>): Promise<LocalModel> {
    if (when === 'never' || request.task === 'tokenization') return hub.resolve(request, waiter);
    const quantizable = await findQuantizable(request);
    const quantized = quantizable && (await use(quantizable, waiter));
    if (quantized !== undefined && quantized.prepared !== null) return quantized;
    const model = await hub.resolve(request, waiter);
    return model.task === 'tokenization' ? model : use(model, waiter);
  }

  return {
    resolve,
    prepareAfterPull: ({ task, ...request }, { signal, onEvent }) =>
      hub.whileOpen(async (ending) => {
        if (when === 'never') return;
        const pulled = await findOnDisk({ ...request, task }, hub.settings);
        if (pulled !== undefined) await resolve({ ...request, task: pulled.task }, { signal: ending, onEvent });
      }, signal),
    prepare: (request, force, { signal, onEvent }) =>
      hub.whileOpen(async (ending) => {
        const waiter = { signal: ending, onEvent };
        let model = (await findQuantizable(request)) ?? (await findOnDisk(request, hub.settings));
        if (model === undefined) {
          await hub.pull(request, waiter);
          model = await findOnDisk(request, hub.settings);
        }
        if (model !== undefined && model.task !== 'tokenization') return store.prepare(model, force, waiter);
        throw new OnnxPredictError('MODEL_NOT_AVAILABLE', `Model ${request.model} has no graphs that could be prepared.`);
      }, signal),
    async distrust(model, reason) {
      if (model.task !== 'tokenization') await store.distrust(model, reason);
    },
    manager: managePrepared(lazyModelManager(hub), options.dir),
  };
}

/** The models on this machine, with what was prepared of them. */
function managePrepared(manager: ModelManager, dir: string): ModelManager {
  return {
    ...manager,
    async list() {
      const [{ listPrepared }, listed] = await Promise.all([import('./prepared/list-prepared.ts'), manager.list()]);
      const prepared = await listPrepared(dir);
      return listed.map((model) => ({ ...model, ...preparedDtypes(prepared, model) }));
    },
    async show(model, options) {
      const [{ listPrepared }, shown] = await Promise.all([import('./prepared/list-prepared.ts'), manager.show(model, options)]);
      return { ...shown, ...preparedDtypes(await listPrepared(dir), shown) };
    },
    async remove(model, options) {
      const removed = await manager.remove(model, options);
      const { removePrepared } = await import('./prepared/prune-prepared.ts');
      return { ...removed, freedBytes: removed.freedBytes + (await removePrepared(dir, removed)) };
    },
    async prune(options = {}) {
      const pruned = await manager.prune(options);
      const { prunePrepared } = await import('./prepared/prune-prepared.ts');
      const more = await prunePrepared(dir, { dryRun: pruned.dryRun, nowMs: Date.now() });
      return {
        removed: [...pruned.removed, ...more.removed],
        kept: [...pruned.kept, ...more.kept],
        freedBytes: pruned.freedBytes + more.freedBytes,
        dryRun: pruned.dryRun,
      };
    },
  };
}

/** In which number formats a model is prepared; nothing if in none. */
function preparedDtypes(
  prepared: readonly {
    readonly task: Task;
    readonly model: { readonly id: string; readonly revision: string | null; readonly dtype: Dtype };
  }[],
  {
    id,
    task,
    repository,
    revision,
  }: { readonly id: string; readonly task: Task | null; readonly repository: string | null; readonly revision: string | null },
): { readonly prepared?: readonly Dtype[] } {
  const own = prepared.filter(
    ({ model, task: its }) => its === task && model.id === (repository ?? id) && model.revision === revision,
  );
  return own.length === 0 ? {} : { prepared: [...new Set(own.map(({ model }) => model.dtype))].sort() };
}

/**
 * What ONNX_PREDICT_PREPARE says.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function parseWhen(given: string | null): 'auto' | 'never' {
  // A switch's words are understood too.
  const on = given === null || SWITCH_WORDS.get(given);
  if (on !== undefined) return on ? 'auto' : 'never';
  throw new OnnxPredictError('INVALID_ARGUMENT', 'ONNX_PREDICT_PREPARE must be auto or never.');
}
