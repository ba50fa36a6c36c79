import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { LocalModel, RunnerTask } from '../protocol.ts';
import type { Dtype } from '../schemas.ts';
import { listFolderVariants } from './list-variants.ts';
import { type ModelFiles, modelFiles } from './model-files.ts';

/** What to read of a folder in Hub layout. */
interface FolderRequest {
  /** Undefined: whatever it is for. */
  readonly task: RunnerTask | undefined;
  readonly dtype: Dtype;
}

/**
 * The model in a folder in Hub layout.
 * @throws OnnxPredictError MODEL_NOT_AVAILABLE (not in this dtype), MODEL_INVALID
 */
export async function readModelFolder(id: string, folder: string, { task, dtype }: FolderRequest): Promise<LocalModel> {
  const alternatives = modelFiles(task, dtype);
  const files = await chooseFiles(folder, alternatives);
  if (files === undefined) throw await incompleteFolder(id, folder, { task, dtype });
  const paths: Record<string, string> = {};
  for (const [role, name] of Object.entries(files.required)) paths[role] = join(folder, name);
  for (const [role, name] of Object.entries(files.optional)) {
    if (await isFile(join(folder, name))) paths[role] = join(folder, name);
  }
  return files.toLocalModel({ id, revision: null, dtype }, paths);
}

async function chooseFiles(folder: string, alternatives: readonly ModelFiles[]): Promise<ModelFiles | undefined> {
  for (const files of alternatives) {
    const present = await Promise.all(Object.values(files.required).map((name) => isFile(join(folder, name))));
    if (present.every(Boolean)) return files;
  }
  return undefined;
}

async function incompleteFolder(id: string, folder: string, { task, dtype }: FolderRequest): Promise<OnnxPredictError> {
  const [wanted] = modelFiles(task, dtype);
  for (const name of Object.values(wanted.required).filter((name) => !wanted.graphs.includes(name))) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) continue;
    return new OnnxPredictError(
      'MODEL_INVALID',
      `Model ${id} is incomplete: ${path} ${found === undefined ? 'is missing' : 'is not a regular file'}. ` +
        `A folder that can be used here holds ${Object.values(wanted.required).join(', ')}.`,
    );
  }
  const { variants } = await listFolderVariants(folder, task === 'tokenization' ? undefined : task);
  const lacking: string[] = [];
  for (const name of wanted.graphs) if (!(await isFile(join(folder, name)))) lacking.push(name);
  const present = variants.map((variant) => `${variant.dtype} (${formatBytes(variant.sizeBytes)})`).join(', ');
  return new OnnxPredictError(
    present === '' ? 'MODEL_INVALID' : 'MODEL_NOT_AVAILABLE',
    `Model ${id} has no ${lacking.join(', ')} (dtype ${dtype}). ` +
      (present === '' ? 'Its onnx folder holds no model at all for this.' : `It is there as: ${present}.`),
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path)
    .then((found) => found.isFile())
    .catch(() => false);
}
