import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import type { LocalModel } from '../protocol.ts';
import type { Dtype } from '../schemas.ts';
import { IMAGE_CLASSIFIERS, type ModelOrigin } from './registry.ts';

const NO_DOWNLOAD_REMEDY = 'Use --model tiny (model: "tiny"), which is built in, or name a folder that holds the model.';
const HUB_REPOSITORY = /^[\w-][\w.-]*\/[\w-][\w.-]*(@[\w./-]+)?$/;

/** Suffix of the ONNX file per dtype, as the Hub's conversions (optimum, transformers.js) name them. */
const FILE_SUFFIX: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};

/**
 * Finds the files of the image classifier called `name`: an alias, or a folder in Hub layout. An alias wins over a folder of
 * the same name (`./name` means the folder).
 * @throws OnnxPredictError MODEL_UNKNOWN, MODEL_NOT_AVAILABLE (not on this disk, or not in this dtype), MODEL_INVALID
 */
export async function resolveImageClassifier(name: string, dtype: Dtype): Promise<LocalModel> {
  const origin = IMAGE_CLASSIFIERS.get(name);
  const folder = origin === undefined ? await findFolder(name) : requireBuiltin(name, origin);
  const config = join(folder, 'config.json');
  const preprocessorConfig = join(folder, 'preprocessor_config.json');
  for (const file of [config, preprocessorConfig]) await requireFile(file, name);
  const model = join(folder, 'onnx', `model${FILE_SUFFIX[dtype]}.onnx`);
  if ((await statOrUndefined(model)) === undefined) throw await missingVariant(name, folder, dtype);
  await requireFile(model, name);
  return {
    task: 'image-classification',
    identity: { id: name, revision: null, dtype },
    files: { config, preprocessorConfig, model },
  };
}

function requireBuiltin(name: string, origin: ModelOrigin): string {
  if ('builtin' in origin) return origin.builtin;
  throw new OnnxPredictError(
    'MODEL_NOT_AVAILABLE',
    `Model ${name} (${origin.repository}) is not on this machine, and this version cannot download models yet. ${NO_DOWNLOAD_REMEDY}`,
  );
}

async function findFolder(name: string): Promise<string> {
  const folder = resolve(name);
  const found = await statOrUndefined(folder);
  if (found?.isDirectory() === true) return folder;
  const aliases = [...IMAGE_CLASSIFIERS.keys()].join(', ');
  if (found !== undefined) {
    throw new OnnxPredictError('MODEL_UNKNOWN', `Model ${name} is a file; name the folder that holds config.json and onnx/.`);
  }
  if (HUB_REPOSITORY.test(name)) {
    throw new OnnxPredictError(
      'MODEL_NOT_AVAILABLE',
      `Model ${name} is no folder here, and this version cannot download from the Hugging Face Hub yet. ${NO_DOWNLOAD_REMEDY}`,
    );
  }
  throw new OnnxPredictError(
    'MODEL_UNKNOWN',
    `There is no model ${name}: no alias (known: ${aliases}) and no folder of that name.`,
  );
}

async function requireFile(path: string, name: string): Promise<void> {
  const found = await statOrUndefined(path);
  if (found?.isFile() === true) return;
  throw new OnnxPredictError(
    'MODEL_INVALID',
    `Model ${name} is incomplete: ${path} ${found === undefined ? 'is missing' : 'is not a regular file'}. ` +
      'A classifier folder holds config.json, preprocessor_config.json and onnx/model.onnx.',
  );
}

async function missingVariant(name: string, folder: string, dtype: Dtype): Promise<OnnxPredictError> {
  const files = new Set(await readdir(join(folder, 'onnx')).catch(() => []));
  const present = (Object.keys(FILE_SUFFIX) as Dtype[]).filter((other) => files.has(`model${FILE_SUFFIX[other]}.onnx`));
  return new OnnxPredictError(
    present.length === 0 ? 'MODEL_INVALID' : 'MODEL_NOT_AVAILABLE',
    `Model ${name} has no onnx/model${FILE_SUFFIX[dtype]}.onnx (dtype ${dtype}). ` +
      (present.length === 0 ? 'Its onnx folder holds no model at all.' : `It is there as: ${present.join(', ')}.`),
  );
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new OnnxPredictError('MODEL_NOT_AVAILABLE', `${path} cannot be read (${code ?? 'unknown error'}).`, { cause: error });
  }
}
