import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { LocalModel } from '../protocol.ts';
import type { Dtype, ModelFile, ModelVariant } from '../schemas.ts';
import { DTYPES, imageClassifierFiles, isExternalData } from './model-files.ts';

/**
 * The image classifier in a folder in Hub layout.
 * @throws OnnxPredictError MODEL_NOT_AVAILABLE (not in this dtype), MODEL_INVALID
 */
export async function readModelFolder(id: string, folder: string, dtype: Dtype): Promise<LocalModel> {
  const { required } = imageClassifierFiles(dtype);
  for (const name of [required.config, required.preprocessorConfig]) await requireFile(folder, name, id);
  if ((await sizeOf(folder, required.model)) === undefined) throw await missingVariant(id, folder, dtype);
  await requireFile(folder, required.model, id);
  return {
    task: 'image-classification',
    identity: { id, revision: null, dtype },
    files: {
      config: join(folder, required.config),
      preprocessorConfig: join(folder, required.preprocessorConfig),
      model: join(folder, required.model),
    },
  };
}

/** The dtypes in which a folder, or a snapshot in the cache, holds an image classifier. */
export async function listFolderVariants(folder: string): Promise<ModelVariant[]> {
  const names = await readdir(join(folder, 'onnx')).catch(() => []);
  const variants = DTYPES.map(async (dtype) => {
    const { required } = imageClassifierFiles(dtype);
    const data = names.map((name) => `onnx/${name}`).filter((path) => isExternalData(required.model, path));
    const files: ModelFile[] = [];
    for (const path of [...Object.values(required), ...data]) {
      const sizeBytes = await sizeOf(folder, path);
      if (sizeBytes === undefined) return [];
      files.push({ path, sizeBytes });
    }
    return [{ dtype, files, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0), onDisk: true }];
  });
  return (await Promise.all(variants)).flat();
}

async function requireFile(folder: string, name: string, id: string): Promise<void> {
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return;
  throw new OnnxPredictError(
    'MODEL_INVALID',
    `Model ${id} is incomplete: ${path} ${found === undefined ? 'is missing' : 'is not a regular file'}. ` +
      'A classifier folder holds config.json, preprocessor_config.json and onnx/model.onnx.',
  );
}

async function missingVariant(id: string, folder: string, dtype: Dtype): Promise<OnnxPredictError> {
  const { model } = imageClassifierFiles(dtype).required;
  const present: string[] = [];
  for (const other of DTYPES) {
    const sizeBytes = await sizeOf(folder, imageClassifierFiles(other).required.model);
    if (sizeBytes !== undefined) present.push(`${other} (${formatBytes(sizeBytes)})`);
  }
  return new OnnxPredictError(
    present.length === 0 ? 'MODEL_INVALID' : 'MODEL_NOT_AVAILABLE',
    `Model ${id} has no ${model} (dtype ${dtype}). ` +
      (present.length === 0 ? 'Its onnx folder holds no model at all.' : `It is there as: ${present.join(', ')}.`),
  );
}

/** Undefined if there is nothing of that name. */
async function sizeOf(folder: string, name: string): Promise<number | undefined> {
  return stat(join(folder, name))
    .then(({ size }) => size)
    .catch(() => undefined);
}
