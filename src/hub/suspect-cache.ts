import { OnnxPredictError } from '../errors.ts';
import type { ModelIdentity } from '../schemas.ts';

/**
 * The error of a model that could not be loaded, with what to do about a file that was damaged in the cache: nothing looks for that
 * before a model is used, as hashing a large one takes longer than loading it.
 */
export function suspectCache(error: unknown, { id, revision }: ModelIdentity): unknown {
  // Without a revision it is not in the cache.
  if (!(error instanceof OnnxPredictError) || error.code !== 'MODEL_INVALID' || revision === null) return error;
  const remedy =
    `If a file was damaged in the cache, "onnx-predict verify ${id}" finds it; ` +
    `then "onnx-predict rm -y ${id}@${revision}" and "onnx-predict pull ${id}" fetch it anew.`;
  return new OnnxPredictError(error.code, `${error.message} ${remedy}`, { cause: error });
}
