import { fileURLToPath } from 'node:url';
import type { Dtype, Task } from '../schemas.ts';

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
type ModelOrigin = BuiltinModel | RegisteredRepository;

/** A name that stands for a model. */
export interface RegisteredModel {
  readonly alias: string;
  readonly task: Task;
  readonly origin: ModelOrigin;
}

/** All aliases. One name may stand for a model of each task. */
export const REGISTERED_MODELS: readonly RegisteredModel[] = [
  {
    alias: 'mit-b0',
    task: 'image-classification',
    origin: {
      repository: 'Xenova/mit-b0',
      revision: 'main',
      upstream: 'nvidia/mit-b0',
      licence: 'NVIDIA Source Code License for SegFormer (non-commercial use only)',
      approximateBytes: { fp32: 15_000_000, q8: 4_000_000 },
    },
  },
  {
    alias: 't5',
    task: 'summarization',
    origin: {
      repository: 'Xenova/t5-small',
      revision: 'main',
      upstream: 'google-t5/t5-small',
      licence: 'Apache-2.0',
      approximateBytes: { fp32: 310_000_000, fp16: 157_000_000, q8: 80_000_000 },
    },
  },
  {
    alias: 'bart',
    task: 'summarization',
    origin: {
      repository: 'Xenova/bart-large-cnn',
      revision: 'main',
      upstream: 'facebook/bart-large-cnn',
      licence: 'MIT',
      approximateBytes: { fp32: 1_838_000_000, q8: 464_000_000 },
    },
  },
  {
    alias: 'distilbart',
    task: 'summarization',
    origin: {
      repository: 'Xenova/distilbart-cnn-6-6',
      revision: 'main',
      upstream: 'sshleifer/distilbart-cnn-6-6',
      licence: 'Apache-2.0',
      approximateBytes: { fp32: 1_130_000_000, q8: 338_000_000 },
    },
  },
  { alias: 'tiny', task: 'image-classification', origin: builtin('tiny-image-classifier') },
  { alias: 'tiny', task: 'summarization', origin: builtin('tiny-summarizer') },
];

/** The names of models for a task, or of all. */
export function aliasesOf(task: Task | undefined): string[] {
  const models = REGISTERED_MODELS.filter((model) => task === undefined || model.task === task);
  return [...new Set(models.map(({ alias }) => alias))];
}

function builtin(folder: string): BuiltinModel {
  return {
    builtin: fileURLToPath(new URL(`../../models/${folder}`, import.meta.url)),
    licence: 'MIT, as this package',
    upstream: null,
  };
}
