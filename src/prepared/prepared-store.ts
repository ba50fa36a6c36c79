import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Clock, systemClock } from '../disk/clock.ts';
import { OnnxPredictError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { PreparableModel } from '../protocol.ts';
import type { Dtype, PreparationEvent, PreparationResult, PreparedModel } from '../schemas.ts';
import type { Waiter } from '../shared-work.ts';
import { machineKey, readMachine } from './machine.ts';
import type { FreeBytes, Preparation, RunPreparer } from './make-prepared.ts';
import { type FailedManifest, type Manifest, type ReadyManifest, readManifest, withFiles } from './manifest.ts';
import { machineOf, type PreparedLayout, preparedLayout } from './prepared-layout.ts';
import { readSources, sourceKey } from './sources.ts';

export interface PreparedStoreOptions {
  /** Absolute; made when something is kept. */
  readonly dir: string;
  readonly run: RunPreparer;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
  readonly freeBytes?: FreeBytes | undefined;
}

/** The prepared models on this machine. */
export interface PreparedStore {
  readonly dir: string;
  /**
   * The model with what is prepared of it, or as it is where nothing is. `make`: what is not there is prepared now, if that is worth
   * its while and did not fail lately.
   * @throws the waiter's signal's reason once it is aborted
   */
  use(model: PreparableModel, make: boolean, waiter: Waiter<PreparationEvent>): Promise<PreparableModel>;
  /**
   * Prepares a model because somebody asks for it. `force`: also if it is there.
   * @throws OnnxPredictError PREPARATION_FAILED; the waiter's signal's reason once it is aborted
   */
  prepare(model: PreparableModel, force: boolean, waiter: Waiter<PreparationEvent>): Promise<PreparationResult>;
  /** Removes what was prepared of a model, as it could not be loaded; it is prepared anew in a day. */
  distrust(model: PreparableModel, reason: string): Promise<void>;
}

/** Below this a model is loaded, and answers, so soon that nothing would be gained. */
const MIN_GRAPH_BYTES = 8 * 1024 * 1024;
/** In other dtypes there is nothing that the preparer knows to make faster. */
const PREPARABLE: ReadonlySet<Dtype> = new Set(['fp32', 'q8', 'int8', 'uint8']);
/** What failed is tried again then: there may be room, or more memory. */
export const RETRY_MS = 24 * 3_600_000;

/** One preparation: what, and where it is kept. */
type Place = Preparation & { readonly key: string };

export function createPreparedStore(options: PreparedStoreOptions): PreparedStore {
  const { dir, run, logger, clock = systemClock } = options;

  /** Folders of what could not be loaded, in case that it cannot be kept on record. */
  const distrusted = new Set<string>();

  async function locate(model: PreparableModel): Promise<Place> {
    const machine = readMachine();
    const sources = await readSources(model);
    const key = sourceKey(model, sources);
    return { model, sources, machine, key, layout: preparedLayout(dir, key, machineKey(machine)) };
  }

  function failedLately(manifest: Manifest): boolean {
    return manifest.status === 'failed' && clock.now() - manifest.createdMs < RETRY_MS;
  }

  async function make(place: Place, suffices: (found: Manifest) => boolean, { signal, onEvent }: Waiter<PreparationEvent>) {
    const { makePrepared, systemFreeBytes } = await import('./make-prepared.ts');
    const { id, dtype } = place.model.identity;
    let failure: string | null = null;
    const tell = (stage: string | null) => onEvent?.({ type: 'preparing', model: id, dtype, stage, failure });
    logger.info(`preparing ${id} (${dtype}) for this machine, once`);
    tell('');
    try {
      const made = await makePrepared(place, {
        run,
        clock,
        freeBytes: options.freeBytes ?? systemFreeBytes,
        signal: signal ?? new AbortController().signal,
        onStage: tell,
        suffices,
      });
      failure = made.manifest.status === 'failed' ? made.manifest.reason : null;
      report(made.manifest, made.made);
      return made;
    } finally {
      tell(null);
    }
  }

  function report(manifest: Manifest, made: boolean): void {
    const { id, dtype } = manifest.model;
    if (manifest.status === 'failed') {
      logger.warn(`${id} (${dtype}) could not be prepared and runs as it is: ${manifest.reason}`);
    } else if (made) logger.info(`prepared ${id} (${dtype}) in ${Math.round(manifest.prepareMs / 1000)} s`);
  }

  /** What was prepared for another machine: its rewritten graphs run here too. */
  async function findElsewhere({ layout, model }: Place): Promise<PreparableModel | undefined> {
    for (const name of (await readdir(layout.root).catch(() => [])).sort()) {
      if (machineOf(name) !== name) continue;
      const manifest = await readManifest(join(layout.root, name));
      if (manifest?.status === 'prepared') return withFiles(model, join(layout.root, name), 'graph', manifest);
    }
    return undefined;
  }

  return {
    dir,
    async use(model, mayMake, waiter) {
      let place: Place;
      try {
        place = await locate(model);
      } catch (error) {
        // Loading the model tells what is wrong with its files.
        logger.debug(`nothing prepared is looked for: ${error instanceof Error ? error.message : String(error)}`);
        return model;
      }
      if (distrusted.has(place.layout.folder)) return model;
      let found = await readManifest(place.layout.folder);
      const worthwhile =
        mayMake && place.sources.graphBytes >= MIN_GRAPH_BYTES && (model.quantize || PREPARABLE.has(model.identity.dtype));
      if (worthwhile && found?.status !== 'prepared' && !(found !== undefined && failedLately(found))) {
        const suffices = (other: Manifest) => other.status === 'prepared' || failedLately(other);
        found = (await make(place, suffices, waiter)).manifest;
      }
      if (found?.status === 'prepared') return withFiles(model, place.layout.folder, 'best', found);
      // What could not be kept here, as the folder is another's, may have been made there.
      const isOnRecord = found !== undefined && (await readManifest(place.layout.folder)) !== undefined;
      return isOnRecord ? model : ((await findElsewhere(place)) ?? model);
    },
    async prepare(model, force, waiter) {
      const place = await locate(model);
      const { id, dtype } = model.identity;
      const suffices = (other: Manifest) => !force && other.status === 'prepared';
      const found = await readManifest(place.layout.folder);
      const { manifest, made } =
        found !== undefined && suffices(found) ? { manifest: found, made: false } : await make(place, suffices, waiter);
      if (manifest.status === 'prepared') {
        distrusted.delete(place.layout.folder);
        return { ...describePrepared(place.layout.folder, manifest), made, prepareMs: made ? manifest.prepareMs : 0 };
      }
      throw new OnnxPredictError('PREPARATION_FAILED', `${id} (${dtype}) could not be prepared: ${manifest.reason}`);
    },
    async distrust(model, reason) {
      const layout = layoutOf(dir, model);
      // Several requests may find out at the same time.
      if (layout === undefined || distrusted.has(layout.folder)) return;
      distrusted.add(layout.folder);
      const manifest = await readManifest(layout.folder);
      if (manifest?.status !== 'prepared') return;
      const { recordFailure } = await import('./make-prepared.ts');
      const { files: _, sizeBytes: __, ...about } = manifest;
      const failure: FailedManifest = { ...about, status: 'failed', reason, createdMs: clock.now(), prepareMs: 0 };
      report(failure, false);
      await recordFailure(layout, failure);
    },
  };
}

/** What was prepared, as it is told. */
export function describePrepared(folder: string, manifest: ReadyManifest): PreparedModel {
  const { task, model, quantize, files, sizeBytes, createdMs } = manifest;
  return {
    task,
    model,
    folder,
    sizeBytes,
    optimized: files.optimized !== null,
    quantized: quantize,
    createdAt: new Date(createdMs).toISOString(),
  };
}

/** The preparation that a model's graphs are of. */
function layoutOf(dir: string, { prepared }: PreparableModel): PreparedLayout | undefined {
  if (prepared === null) return undefined;
  const [key, machine] = relative(dir, 'model' in prepared ? prepared.model : prepared.encoder).split(sep);
  return key === undefined || machine === undefined ? undefined : preparedLayout(dir, key, machine);
}
