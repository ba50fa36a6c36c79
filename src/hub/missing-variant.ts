import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';
import type { RunnerTask } from '../protocol.ts';
import type { Dtype } from '../schemas.ts';
import type { RepositoryListing } from './list-repository.ts';
import { listRemoteVariants } from './list-variants.ts';
import type { ModelReference } from './model-reference.ts';

/** What was looked for in a repository. */
interface WantedGraph {
  readonly task: RunnerTask | undefined;
  readonly dtype: Dtype;
  readonly graph: string;
}

/** The error for a dtype that a repository does not have, naming those that it has and their sizes. */
export function missingVariant(
  { repository, revision }: ModelReference,
  { task, dtype, graph }: WantedGraph,
  listing: RepositoryListing,
): OnnxPredictError {
  const content = listRemoteVariants(listing, task === 'tokenization' ? undefined : task);
  const variants = content.variants.map((variant) => `${variant.dtype} (${formatBytes(variant.sizeBytes)})`);
  const others = [...listing.files.keys()].filter((path) => path.endsWith('.onnx')).slice(0, 8);
  const kind = task === 'image-classification' ? 'classifier' : task === 'summarization' ? 'summarizer' : 'model';
  const remedy =
    variants.length > 0
      ? `It is there as: ${variants.join(', ')}.`
      : `It holds ${others.length === 0 ? 'no ONNX model at all' : `no ${kind} by that name, only ${others.join(', ')}`}.`;
  return new OnnxPredictError('MODEL_NOT_AVAILABLE', `${repository} at ${revision} has no ${graph} (dtype ${dtype}). ${remedy}`);
}
