/**
 * Requests, options and results, once. The TypeScript types, the validation at every edge and (later) the OpenAPI document come
 * from here.
 */
import * as v from 'valibot';
import { type ErrorCode, type ErrorReport, OnnxPredictError } from './errors.ts';

/** Weights' number formats, by the names the Hugging Face Hub's ONNX conversions use; `q8` is the file `*_quantized.onnx`. */
export const DtypeSchema = v.picklist(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4']);
export type Dtype = v.InferOutput<typeof DtypeSchema>;

/** What computes: the processor, or ONNX Runtime's provider of that name; `auto`: a graphics card that is ready to use, or the processor. */
export const DeviceSchema = v.picklist(['auto', 'cpu', 'cuda', 'tensorrt', 'coreml', 'dml', 'webgpu']);
export type Device = v.InferOutput<typeof DeviceSchema>;

/** What turns logits into scores: `softmax` for one-of-many, `sigmoid` for independent labels, `none` for raw logits. */
export const ActivationSchema = v.picklist(['softmax', 'sigmoid', 'none']);
export type Activation = v.InferOutput<typeof ActivationSchema>;

/** What models are for, by the Hugging Face Hub's names. */
export const TaskSchema = v.picklist(['image-classification', 'summarization']);
export type Task = v.InferOutput<typeof TaskSchema>;
/** What a runner can be started for. */
export type RunnerTask = Task | 'tokenization';

export const DEFAULT_TOP_K = 5;
/** The model that `classify` uses when none is named. */
export const DEFAULT_IMAGE_CLASSIFIER = 'mit-b0';
/** The model that `summarize` uses when none is named. */
export const DEFAULT_SUMMARIZER = 't5';

/** The schemas drop fields of these names, so that none of them can do harm. */
const RESERVED_NAMES: readonly string[] = ['constructor', 'prototype', '__proto__'];

/** A name that an operator gives a model. */
export const aliasSchema = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, ".", "_" and "-", at most 64'),
  v.check((name) => !RESERVED_NAMES.includes(name), `must not be ${RESERVED_NAMES.join(' or ')}`),
);
/** A model's name. */
export const modelSchema = v.pipe(v.string(), v.nonEmpty('must not be empty'));
/** Models by their aliases. */
export const aliasesSchema = v.pipe(
  v.custom<Readonly<Record<string, string>>>(
    (value) => typeof value === 'object' && value !== null && !RESERVED_NAMES.some((name) => Object.hasOwn(value, name)),
    `must be models by their names, none of them ${RESERVED_NAMES.join(' or ')}`,
  ),
  v.record(aliasSchema, modelSchema),
);
const revisionSchema = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const countSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));

/** What may come with any request that takes its time: handed on as it is, not copied. */
export const WaiterOptionsSchema = v.strictObject({
  signal: v.optional(v.custom<AbortSignal>(isAbortSignal, 'must be an AbortSignal')),
  onProgress: v.optional(v.custom<(event: LoadEvent) => void>(isFunction, 'must be a function')),
});

/** Options of `engine.classify()` but for `signal`, which is not data. */
export const ClassifyOptionsSchema = v.pipe(
  v.strictObject({
    /** An alias (`mit-b0`, `tiny`), a folder in Hub layout or `organisation/name[@revision]` on the Hub. Default `mit-b0`. */
    model: v.optional(modelSchema),
    /** A branch, tag or commit of the model's repository. Default `main`. */
    revision: v.optional(revisionSchema),
    /** Default `fp32`: exactness is the promise. */
    dtype: v.optional(DtypeSchema),
    /** How many candidates `top` holds, at most; default 5. */
    topK: v.optional(countSchema),
    /** Default `softmax`. */
    activation: v.optional(ActivationSchema),
    /** Below this score the answer is an abstention: `classLabel: null`. Between 0 and 1 unless activation is `none`. */
    minConfidence: v.optional(v.pipe(v.number(), v.finite('must be a finite number'))),
    /** Pictures of more pixels are refused before decoding; default 89,478,485. */
    maxPixels: v.optional(countSchema),
    /** Whether the EXIF orientation is ignored, as PIL's `Image.open().convert('RGB')` does; default false: pictures stand upright. */
    ignoreOrientation: v.optional(v.boolean()),
  }),
  v.forward(
    v.check(
      ({ minConfidence, activation }) =>
        minConfidence === undefined || activation === 'none' || (minConfidence >= 0 && minConfidence <= 1),
      'must be between 0 and 1 (any number with activation "none")',
    ),
    ['minConfidence'],
  ),
);

/** Options of `engine.classify()`. */
export type ClassifyOptions = v.InferInput<typeof ClassifyOptionsSchema> & {
  /** Aborting rejects with `signal.reason`; work already in a runner stops at its next step. */
  readonly signal?: AbortSignal;
  /** Told of a download, and of a preparation, if one is needed. */
  readonly onProgress?: (event: LoadEvent) => void;
};

/** Options of `engine.load()` but for `signal` and `onProgress`, which are not data. */
export const LoadOptionsSchema = v.strictObject({
  /** Default: the alias's task. */
  task: v.optional(TaskSchema),
  /** Default `fp32`. */
  dtype: v.optional(DtypeSchema),
  /** A branch, tag or commit. Default `main`. */
  revision: v.optional(revisionSchema),
});

/** Options of `engine.load()`. */
export type LoadOptions = v.InferInput<typeof LoadOptionsSchema> & {
  readonly signal?: AbortSignal;
  /** Told of a download, and of a preparation, if one is needed. */
  readonly onProgress?: (event: LoadEvent) => void;
};

/** A model in use, as `engine.status()` gives it. */
export interface ModelStatus {
  readonly task: RunnerTask;
  /** As it was asked for: an alias, a folder or a repository. */
  readonly name: string;
  readonly model: ModelIdentity;
  /** `failed`: it could not be loaded, and the next request tries again from its files. */
  readonly state: 'unloaded' | 'loading' | 'ready' | 'failed';
  readonly numQueued: number;
  readonly numActive: number;
  /** Estimated cost of what waits and runs; 1 is a usual request. */
  readonly cost: number;
  /** Of texts and pictures that wait and run. */
  readonly heldBytes: number;
  /** Resident memory of its runner, as it said last; null while it has none. */
  readonly memoryBytes: number | null;
}

/** What happens inside an engine, for its operator: counts and times, never a text, a picture or its path. */
export type EngineEvent = { readonly task: RunnerTask; readonly name: string } & (
  | { readonly type: 'queued' }
  /** Requests that were handed to a runner together. */
  | { readonly type: 'batch'; readonly size: number }
  | {
      readonly type: 'answered';
      readonly loadMs: number;
      readonly queueMs: number;
      /** From the call to the answer. */
      readonly totalMs: number;
      /** Of a summary. */
      readonly inputTokens?: number;
      readonly outputTokens?: number;
    }
  /** `code` is null for a request that its caller gave up. */
  | { readonly type: 'failed'; readonly code: ErrorCode | null; readonly totalMs: number }
  | { readonly type: 'loaded'; readonly loadMs: number; readonly memoryBytes: number | null }
  /** `idle`: nobody asked for long enough; `memory`: another model needed the room; `closed`: the engine ends. */
  | { readonly type: 'unloaded'; readonly reason: 'idle' | 'memory' | 'asked' | 'closed' }
  /** A runner ended by itself: it crashed, hung, or was killed. */
  | { readonly type: 'crashed'; readonly external: boolean }
);

/** Options of `engine.pull()` but for `signal` and `onProgress`, which are not data. */
export const PullOptionsSchema = v.strictObject({
  /** Default: the alias's task, else what the files of the model are for. */
  task: v.optional(TaskSchema),
  /** Default `fp32`. */
  dtype: v.optional(DtypeSchema),
  /** A branch, tag or commit. Default `main`. */
  revision: v.optional(revisionSchema),
});

/** Options of `engine.models.show()`. */
export const ShowOptionsSchema = v.strictObject({
  task: v.optional(TaskSchema),
  revision: v.optional(revisionSchema),
  signal: WaiterOptionsSchema.entries.signal,
});

/** Options of `engine.models.remove()`. */
export const RemoveOptionsSchema = v.strictObject({ revision: v.optional(revisionSchema), dryRun: v.optional(v.boolean()) });

/** Options of `engine.models.prune()`. */
export const PruneOptionsSchema = v.strictObject({ dryRun: v.optional(v.boolean()) });

/** Options of `engine.models.verify()`. */
export const VerifyOptionsSchema = v.strictObject({ signal: WaiterOptionsSchema.entries.signal });

/** Options of `engine.pull()`. */
export type PullOptions = v.InferInput<typeof PullOptionsSchema> & {
  /** Aborting rejects with `signal.reason`; what arrived is kept for the next time. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: LoadEvent) => void;
};

/** Options of `engine.prepare()` but for `signal` and `onProgress`, which are not data. */
export const PrepareOptionsSchema = v.strictObject({
  ...LoadOptionsSchema.entries,
  /** Also if it was prepared before. Default false. */
  force: v.optional(v.boolean()),
});

/** Options of `engine.prepare()`. */
export type PrepareOptions = v.InferInput<typeof PrepareOptionsSchema> & {
  readonly signal?: AbortSignal;
  /** Told of a download, if one is needed, and of the preparation. */
  readonly onProgress?: (event: LoadEvent) => void;
};

/** One file of a model. */
export interface ModelFile {
  /** Its name in the repository or folder. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** Whose model it is. Null: not known. */
export interface ModelOwnership {
  readonly licence: string | null;
  /** The repository whose weights were converted. */
  readonly upstream: string | null;
}

/** What happens while a model is fetched. Nothing of it comes for a model that is on the disk. */
export type DownloadEvent =
  /** The Hub said what there is: nothing was fetched yet. */
  | ({
      readonly type: 'start';
      readonly repository: string;
      readonly revision: string;
      readonly dtype: Dtype;
      readonly files: readonly ModelFile[];
      readonly totalBytes: number;
      /** Not on the disk yet. */
      readonly missingBytes: number;
    } & ModelOwnership)
  | {
      readonly type: 'progress';
      readonly file: string;
      readonly fileBytes: number;
      readonly fileSizeBytes: number;
      /** Of all files that were missing at the start. */
      readonly receivedBytes: number;
      readonly missingBytes: number;
      /** Of `receivedBytes`, what an earlier attempt left. */
      readonly resumedBytes: number;
    }
  | {
      readonly type: 'waiting';
      /** `retry`: a request failed and is tried again. `lock`: another download, as a rule of another process, has the file in hand. */
      readonly reason: 'retry' | 'lock';
      /** How long; null until the other one has ended. */
      readonly delayMs: number | null;
      /** Null for the list of files. */
      readonly file: string | null;
      /** What failed; null for a lock. */
      readonly error: ErrorReport | null;
    };

/** What happens while graphs are prepared for this machine, once. Nothing of it comes for a model that is prepared. */
export interface PreparationEvent {
  readonly type: 'preparing';
  /** The model's id. */
  readonly model: string;
  readonly dtype: Dtype;
  /** In a few words, may be empty; null: it is over. */
  readonly stage: string | null;
  /** Why the model runs as it is, if that is how it ended. */
  readonly failure: string | null;
}

/** What happens until a model can be loaded. */
export type LoadEvent = DownloadEvent | PreparationEvent;

/** The answer of `engine.pull()`. */
export interface PullResult extends ModelOwnership {
  readonly model: ModelIdentity;
  readonly files: readonly ModelFile[];
  readonly totalBytes: number;
  /** Fetched by this call; 0 if everything was there. */
  readonly downloadedBytes: number;
  /** The folder that holds the files. */
  readonly folder: string;
}

/** A model whose graphs were made faster for this machine. */
export interface PreparedModel {
  readonly task: Task;
  readonly model: ModelIdentity;
  /** Where the graphs are. */
  readonly folder: string;
  /** What it takes beside the model's own files. */
  readonly sizeBytes: number;
  /** Whether ONNX Runtime's own optimisation of it is kept too. */
  readonly optimized: boolean;
  /** Whether it is q8 made of fp32 files, instead of the repository's. */
  readonly quantized: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The answer of `engine.prepare()`. */
export interface PreparationResult extends PreparedModel {
  /** False if it was there. */
  readonly made: boolean;
  /** What this call took to make it; 0 if it was there. */
  readonly prepareMs: number;
}

/** A model that can be used or is known by an alias, as `engine.models.list()` gives it: one per revision on the disk. */
export interface ListedModel extends ModelOwnership {
  /** Null if its files are for no task that is known here. */
  readonly task: Task | null;
  /** The alias, if there is one, else the repository. */
  readonly id: string;
  /** Null for a built-in model. */
  readonly repository: string | null;
  /** Null if nothing of it is on the disk, and for a built-in model. */
  readonly revision: string | null;
  /** Branches and tags that are this revision, as far as the cache knows. */
  readonly refs: readonly string[];
  readonly dtypes: readonly Dtype[];
  readonly sizeBytes: number;
  /** Of downloads of this repository that did not end. */
  readonly partialBytes: number;
  /** The dtypes of which faster graphs were prepared for this machine; missing where there are none. */
  readonly prepared?: readonly Dtype[];
}

/** A model in one dtype. */
export interface ModelVariant {
  readonly dtype: Dtype;
  /** What the task needs of the repository, in this dtype. */
  readonly files: readonly ModelFile[];
  readonly sizeBytes: number;
  readonly onDisk: boolean;
}

/** What is known of one model, as `engine.models.show()` gives it. */
export interface ShownModel extends ModelOwnership {
  /** Null if its files are for no task that is known here. */
  readonly task: Task | null;
  readonly id: string;
  readonly repository: string | null;
  readonly revision: string | null;
  /** Where this was read: sizes of `registry` are about right. */
  readonly source: 'hub' | 'cache' | 'disk' | 'registry';
  /** Where its files are; null if none are on the disk. */
  readonly folder: string | null;
  readonly variants: readonly ModelVariant[];
  /** The dtypes of which faster graphs were prepared for this machine; missing where there are none. */
  readonly prepared?: readonly Dtype[];
}

/** What this machine knows of a model for one task, as `engine.describe()` gives it. */
export interface DescribedModel extends ModelOwnership {
  readonly task: Task;
  /** Null for a built-in model and a folder. */
  readonly repository: string | null;
  /** The commit that would be used; null if nothing of it is on the disk, and for what has no repository. */
  readonly revision: string | null;
  /** On the disk. */
  readonly dtypes: readonly Dtype[];
  /** What a summarizer reads of a text, at most; null if its files are not on the disk, and for pictures. */
  readonly maxInputTokens: number | null;
}

/** What `engine.models.remove()` removed, or would. */
export interface RemovedModel {
  readonly repository: string;
  readonly revisions: readonly string[];
  readonly freedBytes: number;
  readonly dryRun: boolean;
}

/** What `engine.models.prune()` removed, or would. */
export interface PrunedFiles {
  readonly removed: readonly ModelFile[];
  /** Files that another process still writes. */
  readonly kept: readonly ModelFile[];
  readonly freedBytes: number;
  readonly dryRun: boolean;
}

/** What `engine.models.verify()` found of one revision on the disk. */
export interface VerifiedModel {
  readonly repository: string;
  readonly revision: string;
  readonly ok: boolean;
  /** `unverifiable`: the cache does not say what its content should be. */
  readonly files: readonly (ModelFile & { readonly status: 'ok' | 'corrupt' | 'missing' | 'unverifiable' })[];
}

/** One candidate label. */
export interface Candidate {
  /** The whole label, as the model's config.json has it: `Arctic fox, white fox, Alopex lagopus`. */
  readonly label: string;
  readonly score: number;
  /** The label's row in the model's logits. */
  readonly index: number;
}

/** Which model answered. */
export interface ModelIdentity {
  /** The alias of a built-in model, a folder, or the repository on the Hub. */
  readonly id: string;
  /** The commit of the Hub repository; null for built-in models and folders. */
  readonly revision: string | null;
  readonly dtype: Dtype;
}

/** The answer of `engine.classify()`. */
export interface ClassificationResult {
  /** The top label's first synonym (`Arctic fox`); null if its score is below `minConfidence`. */
  readonly classLabel: string | null;
  /** The top candidate's score, also when the answer is an abstention. */
  readonly score: number;
  /** The `topK` best candidates, best first; equal scores by index. */
  readonly top: readonly Candidate[];
  readonly model: ModelIdentity;
  /** Milliseconds; `loadMs` is what this request waited for the model, 0 once it is loaded; `queueMs` what it waited for others. */
  readonly timings: {
    readonly loadMs: number;
    readonly queueMs: number;
    readonly preprocessMs: number;
    readonly inferenceMs: number;
  };
}

/** Whether beam search ends as soon as `numBeams` texts are finished; `never` only when none that goes on could be better. */
const EarlyStoppingSchema = v.union([v.boolean(), v.literal('never')], 'must be true, false or "never"');
export type EarlyStopping = v.InferOutput<typeof EarlyStoppingSchema>;

const MAX_PREFIX_LENGTH = 10_000;

/** Every beam holds its own copy of the decoder's memory. */
export const MAX_NUM_BEAMS = 64;

const tokenIdSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'));
const tokenIdsSchema = v.union(
  [tokenIdSchema, v.pipe(v.array(tokenIdSchema), v.nonEmpty())],
  'must be a token id, or a list of them that is not empty',
);
const naturalSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'));

/**
 * The rules of text generation, named as in transformers. Without one the model's configuration decides; an explicit null
 * switches the rule off. Lengths count the start token, counts of new tokens do not.
 */
export const GenerationOptionsSchema = v.strictObject({
  minLength: v.nullish(naturalSchema),
  maxLength: v.nullish(v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(2, 'must be at least 2'))),
  /** Wins over `minLength`. */
  minNewTokens: v.nullish(naturalSchema),
  /** Wins over `maxLength`. */
  maxNewTokens: v.nullish(countSchema),
  /** 1 is greedy. */
  numBeams: v.nullish(v.pipe(countSchema, v.maxValue(MAX_NUM_BEAMS, `must be at most ${MAX_NUM_BEAMS}`))),
  /** A finished text's score is divided by its length to this power: above 0, longer texts win. */
  lengthPenalty: v.nullish(v.pipe(v.number(), v.finite('must be a finite number'))),
  earlyStopping: v.nullish(EarlyStoppingSchema),
  noRepeatNgramSize: v.nullish(naturalSchema),
  repetitionPenalty: v.nullish(v.pipe(v.number(), v.finite('must be a finite number'), v.gtValue(0, 'must be greater than 0'))),
  badWordsIds: v.nullish(
    v.pipe(v.array(v.pipe(v.array(tokenIdSchema), v.nonEmpty('must not be empty'))), v.nonEmpty('must not be empty')),
  ),
  forcedBosTokenId: v.nullish(tokenIdSchema),
  forcedEosTokenId: v.nullish(tokenIdsSchema),
  decoderStartTokenId: v.nullish(tokenIdSchema),
  bosTokenId: v.nullish(tokenIdSchema),
  eosTokenId: v.nullish(tokenIdsSchema),
  padTokenId: v.nullish(tokenIdSchema),
  numReturnSequences: v.nullish(countSchema),
});
export type GenerationOptions = v.InferOutput<typeof GenerationOptionsSchema>;

/** What is done with a text that is longer than the model reads: cut its end off, refuse it, or summarize it part by part. */
export const TruncateSchema = v.picklist(['end', 'error', 'chunk']);
export type Truncate = v.InferOutput<typeof TruncateSchema>;

/** Options of `engine.summarize()` but for `signal` and the callbacks, which are not data. */
export const SummarizeOptionsSchema = v.pipe(
  v.strictObject({
    ...GenerationOptionsSchema.entries,
    /** An alias (`t5`, `bart`, `distilbart`, `tiny`), a folder in Hub layout or `organisation/name[@revision]`. Default `t5`. */
    model: v.optional(modelSchema),
    /** A branch, tag or commit of the model's repository. Default `main`. */
    revision: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
    /** Default `fp32`: exactness is the promise. */
    dtype: v.optional(DtypeSchema),
    /** What is put in front of the text; default: what the model's configuration says. Null and `''`: nothing. */
    prefix: v.nullish(v.pipe(v.string(), v.maxLength(MAX_PREFIX_LENGTH, `must have at most ${MAX_PREFIX_LENGTH} characters`))),
    /** Default `end`. */
    truncate: v.optional(TruncateSchema),
    /** Whether to look for numbers and names in the summary that the text lacks. Default false. */
    check: v.optional(v.boolean()),
    /** Rules that win over the model's configuration and, unlike those of the request, give way where they are impossible. */
    defaults: v.optional(GenerationOptionsSchema),
  }),
  v.forward(
    v.check(
      ({ minLength, maxLength, minNewTokens, maxNewTokens }) =>
        typeof minLength !== 'number' ||
        typeof maxLength !== 'number' ||
        typeof minNewTokens === 'number' ||
        typeof maxNewTokens === 'number' ||
        minLength <= maxLength,
      'must be at most maxLength',
    ),
    ['minLength'],
  ),
  v.forward(
    v.check(
      ({ numReturnSequences, truncate }) => truncate !== 'chunk' || (numReturnSequences ?? 1) === 1,
      'must be 1 with truncate "chunk"',
    ),
    ['numReturnSequences'],
  ),
);

/** Where a request is before its model works on it: `place` 1 is the next one. */
export type QueueState =
  | { readonly state: 'queued' | 'loading'; readonly place: number }
  | { readonly state: 'running'; readonly place: null };

/** What happens while a summary is made. */
export type SummarizeEvent =
  | LoadEvent
  /** It waits, for others or for its model to be loaded, its place is another, or it is begun. Nothing of it comes for one that need not wait. */
  | ({ readonly type: 'state' } & QueueState)
  /** With `truncate: 'chunk'`, of a text that is too long, before its summary. There are further rounds if what the parts gave is. */
  | { readonly type: 'parts'; readonly round: number; readonly numDone: number; readonly numParts: number }
  /** Comes after each step. `outputTokens` counts the start token, as `maxLength` does. */
  | { readonly type: 'tokens'; readonly outputTokens: number; readonly maxLength: number };

/** Options of `engine.summarize()`. */
export type SummarizeOptions = v.InferInput<typeof SummarizeOptionsSchema> & {
  /** Aborting rejects with `signal.reason`; work already in a runner stops at its next step. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: SummarizeEvent) => void;
  /**
   * Told of the summary as it grows, of nothing that could still change: greedily token by token, with beams what all texts that may
   * still be the summary begin with. All parts together are the summary.
   */
  readonly onText?: (text: string) => void;
};

/** One of the texts that a model made. */
export interface GeneratedSummary {
  readonly summary: string;
  /** What transformers' `generate()` returns, start token first, without padding. */
  readonly outputIds: readonly number[];
  /** transformers' `sequences_scores`; null when greedy. */
  readonly score: number | null;
  /** `eos`: the model ended it; `length`: it was cut at the maximum length. */
  readonly stopReason: 'eos' | 'length';
}

/** One of the parts that a long text was summarized in. */
export interface SummaryPart extends GeneratedSummary {
  /** Where the part stands in the text, in UTF-16 code units: `text.slice(start, end)`. */
  readonly source: { readonly start: number; readonly end: number };
  /** What the model saw of it, prefix and end token included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Something in a summary that its source lacks; `start` and `end` count the summary's UTF-16 code units. */
export interface UnsupportedText {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What a summary says and its source does not. */
export interface Unsupported {
  readonly numbers: readonly UnsupportedText[];
  readonly names: readonly UnsupportedText[];
}

/** The answer of `engine.summarize()`. */
export interface SummaryResult extends GeneratedSummary {
  /** What the model saw, prefix and end token included; of a text in parts, over all parts. */
  readonly inputTokens: number;
  /** What of the text the model did not see. */
  readonly droppedTokens: number;
  readonly truncated: boolean;
  readonly outputTokens: number;
  /** All `numReturnSequences` texts, best first; only if more than one was asked for. */
  readonly sequences?: readonly GeneratedSummary[];
  /** With `truncate: 'chunk'`, of a text that was too long: whether the summary is those of the parts, joined, or a summary of them. */
  readonly merge?: 'joined' | 'summarized';
  /** What `merge` was made of; what lies between two parts is white space. */
  readonly parts?: readonly SummaryPart[];
  /** With `check`. */
  readonly unsupported?: Unsupported;
  readonly model: ModelIdentity;
  /**
   * Milliseconds; `loadMs` is what this request waited for the model, 0 once it is loaded; `queueMs` what it waited for others.
   * `steps` is a count. Over parts all others are sums, more than the time that passed: parts are answered together.
   */
  readonly timings: {
    readonly loadMs: number;
    readonly queueMs: number;
    readonly tokenizeMs: number;
    readonly encodeMs: number;
    readonly decodeMs: number;
    readonly steps: number;
  };
}

/** Options of `engine.tokenize()` but for `signal` and `onProgress`, which are not data. */
export const TokenizeOptionsSchema = v.strictObject({
  /** As for `summarize`. Default `t5`. */
  model: v.optional(modelSchema),
  revision: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
});

/** Options of `engine.tokenize()`. */
export type TokenizeOptions = v.InferInput<typeof TokenizeOptionsSchema> & {
  readonly signal?: AbortSignal;
  /** Told of a download, and of a preparation, if one is needed. */
  readonly onProgress?: (event: LoadEvent) => void;
};

/** The answer of `engine.tokenize()`. */
export interface TokenizationResult {
  /** Special tokens included, nothing cut. */
  readonly ids: readonly number[];
  /** The vocabulary's text of each id. */
  readonly tokens: readonly string[];
  readonly model: Omit<ModelIdentity, 'dtype'>;
}

/**
 * Validates a caller's value.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the field, its value and what is expected
 */
export function parseArgument<const T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? 'options';
  const message = issue.type === 'strict_object' ? 'is not an option' : issue.message;
  throw new OnnxPredictError(
    'INVALID_ARGUMENT',
    `${field}: ${message} (got ${describe(issue.path?.at(-1)?.value ?? issue.input)})`,
  );
}

/** Also one of another realm, as test runners make them. */
function isAbortSignal(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'aborted' in value && 'throwIfAborted' in value && 'addEventListener' in value
  );
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
