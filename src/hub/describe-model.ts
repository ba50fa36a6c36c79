import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { findMaxInputTokens } from '../max-input-tokens.ts';
import type { DescribedModel, Task } from '../schemas.ts';
import { cacheLayout } from './cache-layout.ts';
import { ownership } from './hub.ts';
import type { HubSettings } from './hub-settings.ts';
import { listFolderVariants } from './list-variants.ts';
import { locateModel, type ModelLocation } from './locate-model.ts';
import { TASKS } from './model-files.ts';
import { readReference } from './read-cached.ts';

/** Above this, `model_max_length` means "none": transformers writes 1e30 there. */
const MAX_MODEL_LENGTH = 10_000_000;
/** A tokenizer's configuration lists its special tokens. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

const limit = (maximum: number) => v.fallback(v.nullish(v.pipe(v.number(), v.minValue(1), v.maxValue(maximum))), null);
const LengthsSchema = v.object({
  model_max_length: limit(MAX_MODEL_LENGTH),
  max_position_embeddings: limit(Infinity),
  n_positions: limit(Infinity),
});

/**
 * What is known of a model on this disk, for each task that it is for. The network is not asked.
 * @throws OnnxPredictError MODEL_UNKNOWN, MODEL_NOT_AVAILABLE, INVALID_ARGUMENT
 */
export async function describeModel(model: string, settings: Pick<HubSettings, 'cacheDir'>): Promise<DescribedModel[]> {
  const described = await Promise.all(TASKS.map((task) => describeFor(task, model, settings)));
  return described.filter((one) => one !== undefined);
}

async function describeFor(
  task: Task,
  model: string,
  { cacheDir }: Pick<HubSettings, 'cacheDir'>,
): Promise<DescribedModel | undefined> {
  const location = await locateFor(task, model);
  if (location === undefined) return undefined;
  if (location.kind === 'folder') {
    const content = await readFolder(location.folder, task);
    return content && { task, repository: null, revision: null, ...content, ...ownership(location.builtin) };
  }
  const { reference, registered } = location;
  const { repository } = reference;
  const layout = cacheLayout(cacheDir, repository);
  const commit = await readReference(layout, reference.revision);
  const content = commit === undefined ? undefined : await readFolder(layout.snapshot(commit), task);
  if (content !== undefined) return { task, repository, revision: commit ?? null, ...content, ...ownership(registered) };
  if (location.task !== task) return undefined;
  return { task, repository, revision: null, dtypes: [], maxInputTokens: null, ...ownership(registered) };
}

/** Undefined for a name that stands for a model of another task. */
async function locateFor(task: Task, model: string): Promise<ModelLocation | undefined> {
  const named = await locateModel(model);
  if (named.task === undefined || named.task === task) return named;
  try {
    return await locateModel(model, { task });
  } catch (error) {
    if (error instanceof OnnxPredictError && error.code === 'MODEL_UNKNOWN') return undefined;
    throw error;
  }
}

async function readFolder(folder: string, task: Task): Promise<Pick<DescribedModel, 'dtypes' | 'maxInputTokens'> | undefined> {
  const { variants } = await listFolderVariants(folder, task);
  if (variants.length === 0) return undefined;
  const maxInputTokens = task === 'summarization' ? await readMaxInputTokens(folder) : null;
  return { dtypes: variants.map(({ dtype }) => dtype), maxInputTokens };
}

async function readMaxInputTokens(folder: string): Promise<number> {
  const [config, tokenizer] = await Promise.all([
    readLengths(join(folder, 'config.json')),
    readLengths(join(folder, 'tokenizer_config.json')),
  ]);
  return findMaxInputTokens({
    modelMaxLength: tokenizer?.model_max_length,
    maxPositionEmbeddings: config?.max_position_embeddings,
    nPositions: config?.n_positions,
  });
}

/** What cannot be read says nothing here; loading the model tells what is wrong with it. */
async function readLengths(path: string): Promise<v.InferOutput<typeof LengthsSchema> | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size > MAX_CONFIG_BYTES) return undefined;
    const parsed = v.safeParse(LengthsSchema, JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
