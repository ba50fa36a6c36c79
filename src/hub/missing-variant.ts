import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { Dtype, ModelVariant } from '../schemas.ts';
import type { RepositoryListing } from './list-repository.ts';
import { DTYPES, imageClassifierFiles, isExternalData } from './model-files.ts';
import type { ModelReference } from './model-reference.ts';

/** The dtypes in which a repository holds an image classifier, with what each would download. */
export function listRemoteVariants({ files }: RepositoryListing): Omit<ModelVariant, 'onDisk'>[] {
  return DTYPES.flatMap((dtype) => {
    const { required } = imageClassifierFiles(dtype);
    if (!files.has(required.model)) return [];
    const data = [...files.keys()].filter((path) => isExternalData(required.model, path));
    const present = [...Object.values(required), ...data].flatMap((name) => files.get(name) ?? []);
    const sizes = present.map(({ path, sizeBytes }) => ({ path, sizeBytes }));
    return [{ dtype, files: sizes, sizeBytes: sizes.reduce((sum, file) => sum + file.sizeBytes, 0) }];
  });
}

/** The error for a dtype that a repository does not have, naming those that it has and their sizes. */
export function missingVariant(reference: ModelReference, dtype: Dtype, listing: RepositoryListing): OnnxPredictError {
  const { repository, revision } = reference;
  const { model } = imageClassifierFiles(dtype).required;
  const variants = listRemoteVariants(listing).map((variant) => `${variant.dtype} (${formatBytes(variant.sizeBytes)})`);
  const others = [...listing.files.keys()].filter((path) => path.endsWith('.onnx')).slice(0, 8);
  const remedy =
    variants.length > 0
      ? `It is there as: ${variants.join(', ')}.`
      : `It holds ${others.length === 0 ? 'no ONNX model at all' : `no classifier by that name, only ${others.join(', ')}`}.`;
  return new OnnxPredictError('MODEL_NOT_AVAILABLE', `${repository} at ${revision} has no ${model} (dtype ${dtype}). ${remedy}`);
}
