import * as v from 'valibot';
import type { ModelManager } from './hub/manage-models.ts';
import type { Logger } from './logger.ts';
import type { Outcome } from './outcomes.ts';
import {
  aliasesSchema,
  type ClassificationResult,
  type ClassifyOptions,
  type DescribedModel,
  DeviceSchema,
  type EngineEvent,
  type LoadOptions,
  type ModelIdentity,
  type ModelStatus,
  type PreparationResult,
  type PrepareOptions,
  type PullOptions,
  type PullResult,
  type SummarizeOptions,
  type SummaryResult,
  type TokenizationResult,
  type TokenizeOptions,
} from './schemas.ts';

/** How long a runner may give no sign of life. */
export const DEFAULT_WATCHDOG_MS = 60_000;

export const EngineOptionsSchema = v.strictObject({
  /** Threads that one model computes with. Default: as many as this machine, or its container, has processors. */
  numThreads: v.optional(
    v.pipe(
      v.number(),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(1024, 'must be at most 1024'),
    ),
  ),
  /** What models are computed by. Default: cpu. */
  device: v.optional(DeviceSchema),
  /** A runner from which nothing is heard for this long while it works is ended. Default 60,000. */
  watchdogMs: v.optional(v.pipe(v.number(), v.minValue(1, 'must be at least 1'), v.maxValue(2 ** 31 / 5 - 1))),
  /** The Hugging Face cache. Default: HF_HUB_CACHE, or where Python's huggingface_hub has it. */
  cacheDir: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
  /** The Hub's address. Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint: v.optional(v.pipe(v.string(), v.url('must be an address'))),
  /** A token of the Hub, null for none. Default: HF_TOKEN, or the file that `hf auth login` writes. */
  token: v.optional(v.nullable(v.pipe(v.string(), v.nonEmpty('must not be empty')))),
  /** Nothing is asked of the Hub. Default: HF_HUB_OFFLINE. */
  offline: v.optional(v.boolean()),
  /** Where prepared models are kept. Default: ONNX_PREDICT_PREPARED_DIR, or `onnx-predict/prepared` in $XDG_CACHE_HOME or ~/.cache. */
  preparedDir: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
  /**
   * Whether a model's graphs are made faster for this machine, once, before it is first loaded; `never`: they are used as they are, also
   * where they are prepared. Default: ONNX_PREDICT_PREPARE, or `auto`.
   */
  prepare: v.optional(v.picklist(['auto', 'never'], 'must be auto or never')),
  /** Names for models of your own, over the built-in aliases: what each stands for is an alias, a folder or a repository. */
  aliases: v.optional(aliasesSchema),
  /** A model that nobody asked for so long is unloaded; its memory returns to the system. Default: never. */
  keepAliveMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0, 'must not be negative'),
      v.check((ms) => ms === Infinity || ms < 2 ** 31, 'must be Infinity or at most 24 days'),
    ),
  ),
  /** What all runners together may hold in memory; the model that was used least recently is unloaded for another. Default: no limit. */
  maxMemoryBytes: v.optional(v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'))),
  /** Bounds on what waits, over all models; what is over them is refused at once with QUEUE_FULL. Default: none. */
  queue: v.optional(
    v.strictObject({
      /** Of estimated cost: 1 is a usual request, a text of 4 KiB with one beam or a picture of a megapixel. */
      maxCost: v.optional(v.pipe(v.number(), v.minValue(1, 'must be at least 1'))),
      /** Of texts and pictures. */
      maxBytes: v.optional(v.pipe(v.number(), v.minValue(1, 'must be at least 1'))),
      /** A request that could not be begun for so long fails with QUEUE_TIMEOUT. */
      maxWaitMs: v.optional(v.pipe(v.number(), v.minValue(1, 'must be at least 1'), v.maxValue(2 ** 31 - 1))),
    }),
  ),
});

export const CallbackOptionsSchema = v.object({
  fetch: v.optional(v.function('must be a function')),
});

/** Options of `createEngine()`. */
export type EngineOptions = v.InferInput<typeof EngineOptionsSchema> & {
  /** Without one the library is silent. */
  readonly logger?: Logger;
  /** What the Hub is asked through, instead of Node's. It is given `redirect: 'manual'` and must not follow redirects. */
  readonly fetch?: typeof fetch;
};

/** What bounds the requests of an engine. */
export interface EngineLimits {
  /** Of a picture, unless a request says otherwise. */
  readonly maxPixels: number;
  /** Of a text, in UTF-16 code units. */
  readonly maxTextLength: number;
  /** Of what waits, as `createEngine` was told; null: no limit. */
  readonly queue: Readonly<Record<'maxCost' | 'maxBytes' | 'maxWaitMs', number | null>>;
}

/** The facade: strings and bytes go in, plain results come out. */
export interface Engine extends AsyncDisposable {
  /**
   * Names what is in a picture.
   * @param image a path, a `file:` URL, or the bytes of a picture file, which must not change until the answer is there
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  classify(image: string | URL | Uint8Array, options?: ClassifyOptions): Promise<ClassificationResult>;
  /**
   * Shortens a text to what it says, as transformers' summarization pipeline does, token for token.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  summarize(text: string, options?: SummarizeOptions): Promise<SummaryResult>;
  /**
   * Names what is in several pictures. All are taken in, or with QUEUE_FULL none; one that fails afterwards fails alone.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  classifyAll(
    images: readonly (string | URL | Uint8Array)[],
    options?: ClassifyOptions,
  ): Promise<Outcome<ClassificationResult>[]>;
  /**
   * Summarizes several texts, which are worked on together. All are taken in, or with QUEUE_FULL none; one that fails afterwards
   * fails alone.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  summarizeAll(texts: readonly string[], options?: Omit<SummarizeOptions, 'onText'>): Promise<Outcome<SummaryResult>[]>;
  /**
   * The ids of a text as a model's tokenizer makes them, whole and without the prefix. Needs the tokenizer's files only.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  tokenize(text: string, options?: TokenizeOptions): Promise<TokenizationResult>;
  /**
   * Fetches a model from the Hub, or what has changed of it, and prepares it.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  pull(model: string, options?: PullOptions): Promise<PullResult>;
  /**
   * Makes a model's graphs faster for this machine, if they are not; a model that is not on the disk is fetched first. Loading does the
   * same with `prepare: 'auto'`, but for models that are small or built in.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  prepare(model: string, options?: PrepareOptions): Promise<PreparationResult>;
  /**
   * Loads a model and warms it up, so that its first request need not wait. Does nothing for one that is loaded.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  load(model: string, options?: LoadOptions): Promise<ModelIdentity>;
  /** Unloads a model, or all, as soon as what it works on is done; the next request loads it again. */
  unload(model?: string): Promise<void>;
  /** The models in use, as they are now. Loads nothing. */
  status(): readonly ModelStatus[];
  /**
   * Tells `listener` of what happens inside from now on, for metrics: counts and times. What it throws is ignored.
   * @returns what ends it
   */
  observe(listener: (event: EngineEvent) => void): () => void;
  /**
   * What this machine knows of a model, one entry for each task that it is for; none for a repository that is not in the cache and
   * has no alias. Nothing is loaded, and nothing asked of the network.
   * @throws OnnxPredictError MODEL_UNKNOWN, INVALID_ARGUMENT
   */
  describe(model: string): Promise<DescribedModel[]>;
  /** What bounds its requests. */
  readonly limits: EngineLimits;
  /** The models on this machine. */
  readonly models: ModelManager;
  /** Ends all work and all runners. Requests that are still waiting fail with ENGINE_CLOSED. */
  close(): Promise<void>;
}

export type { ModelManager };
