import { fileURLToPath } from 'node:url';
import type { Dtype } from '../schemas.ts';

/** A repository that an alias stands for, and what one should know before using it. */
export interface RegisteredRepository {
  readonly repository: string;
  /** The branch that is used unless another revision is asked for. */
  readonly revision: string;
  /** The repository whose weights were converted. */
  readonly upstream: string;
  readonly licence: string;
  /** About how much is downloaded, per dtype; `show` and `pull` say exactly. */
  readonly approximateBytes: Readonly<Partial<Record<Dtype, number>>>;
}

/** A model that is shipped in this package. */
export interface BuiltinModel {
  /** Its folder. */
  readonly builtin: string;
  readonly licence: string;
  readonly upstream: null;
}

/** Where an alias leads: a folder shipped in this package, or a repository of the Hugging Face Hub. */
export type ModelOrigin = BuiltinModel | RegisteredRepository;

/** Aliases of image classifiers. */
export const IMAGE_CLASSIFIERS: ReadonlyMap<string, ModelOrigin> = new Map<string, ModelOrigin>([
  [
    'mit-b0',
    {
      repository: 'Xenova/mit-b0',
      revision: 'main',
      upstream: 'nvidia/mit-b0',
      licence: 'NVIDIA Source Code License for SegFormer (non-commercial use only)',
      approximateBytes: { fp32: 15_000_000, q8: 4_000_000 },
    },
  ],
  [
    'tiny',
    {
      builtin: fileURLToPath(new URL('../../models/tiny-image-classifier', import.meta.url)),
      licence: 'MIT, as this package',
      upstream: null,
    },
  ],
]);
