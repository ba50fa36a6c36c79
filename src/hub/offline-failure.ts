import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { Dtype, ModelVariant } from '../schemas.ts';
import { DEFAULT_REVISION, type ModelReference } from './model-reference.ts';
import type { CachedModel } from './read-cached.ts';

/** The error for a model that is not whole in the cache while nothing may be asked of the Hub. */
export function offlineFailure(
  { repository, revision }: ModelReference,
  {
    cached,
    dtype,
    cacheDir,
    variants,
  }: {
    readonly cached: CachedModel;
    readonly dtype: Dtype;
    readonly cacheDir: string;
    /** What the cache has of it. */
    readonly variants: readonly ModelVariant[];
  },
): OnnxPredictError {
  const [absent] = cached.absent;
  const here = variants.map((variant) => `${variant.dtype} (${formatBytes(variant.sizeBytes)})`).join(', ');
  const alsoHere = here === '' ? '' : ` It is there as: ${here}.`;
  if (absent !== undefined) {
    return new OnnxPredictError(
      'MODEL_NOT_AVAILABLE',
      `${repository} at ${revision} has no ${absent} (dtype ${dtype}).${alsoHere}`,
    );
  }
  const flags = `${revision === DEFAULT_REVISION ? '' : ` --revision ${revision}`}${dtype === 'fp32' ? '' : ` --dtype ${dtype}`}`;
  return new OnnxPredictError(
    'HUB_OFFLINE',
    `${cached.missing.join(', ')} of ${repository} at ${revision} (dtype ${dtype}) is not in the cache ${cacheDir}, and nothing is downloaded in offline mode.${alsoHere} ` +
      `Run "onnx-predict pull ${repository}${flags}" where the Hub or a mirror (HF_ENDPOINT) can be reached, here or on a machine whose cache folder you then copy; ` +
      'or use --model tiny (model: "tiny"), which is built in.',
  );
}
