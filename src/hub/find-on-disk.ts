import { sep } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import type { LocalModel, RunnerTask } from '../protocol.ts';
import type { Dtype } from '../schemas.ts';
import { cacheLayout } from './cache-layout.ts';
import type { HubSettings } from './hub-settings.ts';
import { locateModel } from './locate-model.ts';
import { modelFiles } from './model-files.ts';
import { readCached } from './read-cached.ts';
import { readModelFolder } from './read-model-folder.ts';
import { REGISTERED_MODELS } from './registry.ts';

/** A model as it is asked for; an undefined task is whatever it is for. */
interface DiskRequest {
  readonly task: RunnerTask | undefined;
  readonly model: string;
  readonly dtype: Dtype;
  readonly revision: string | undefined;
}

/**
 * The files of a model if all of them are on this disk; undefined if something is missing, or might be. Nothing is asked of anybody.
 * @throws OnnxPredictError MODEL_UNKNOWN, INVALID_ARGUMENT, CACHE_INVALID
 */
export async function findOnDisk(
  { task, model, dtype, revision }: DiskRequest,
  { cacheDir, offline }: Pick<HubSettings, 'cacheDir' | 'offline'>,
): Promise<LocalModel | undefined> {
  const location = await locateModel(model, { revision, task: task === 'tokenization' ? 'summarization' : task });
  const wanted = task ?? location.task;
  if (location.kind === 'folder') {
    return readModelFolder(location.id, location.folder, { task: wanted, dtype }).catch((error: unknown) => {
      if (error instanceof OnnxPredictError) return undefined;
      throw error;
    });
  }
  const { repository, revision: name } = location.reference;
  const cached = await readCached(cacheLayout(cacheDir, repository), name, modelFiles(wanted, dtype));
  if (cached.commit === undefined || cached.missing.length > 0 || (cached.unknown.length > 0 && !offline)) return undefined;
  return cached.files.toLocalModel({ id: repository, revision: cached.commit, dtype }, cached.paths);
}

/** Whether a model's files are those that come with this package. */
export function isBuiltin({ files }: LocalModel): boolean {
  const file = 'config' in files ? files.config : files.tokenizer;
  return REGISTERED_MODELS.some(({ origin }) => 'builtin' in origin && file.startsWith(origin.builtin + sep));
}
