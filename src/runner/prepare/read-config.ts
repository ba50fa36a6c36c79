import { OnnxPredictError } from '../../errors.ts';
import { readJson } from '../../tasks/read-json.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads a model's config.json, of which nothing is certain but that it is an object.
 * @throws OnnxPredictError MODEL_INVALID
 */
export async function readConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  const config = await readJson(path, MAX_CONFIG_BYTES);
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new OnnxPredictError('MODEL_INVALID', `${path} is no configuration; fetch the model again.`);
  }
  return config as Readonly<Record<string, unknown>>;
}
