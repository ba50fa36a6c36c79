import * as v from 'valibot';
import { readHubEnvironment } from './config.ts';
import { OnnxPredictError } from './errors.ts';
import { createHub, hubSettings } from './hub/hub.ts';
import { lazyModelManager } from './hub/lazy-model-manager.ts';
import type { ModelManager } from './hub/manage-models.ts';
import { suspectCache } from './hub/suspect-cache.ts';
import { toImageSource } from './image-source.ts';
import { createImageSpool } from './image-spool.ts';
import { DEFAULT_MAX_PIXELS } from './limits.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { AnswerTo, RunnerRequest, RunnerTask } from './protocol.ts';
import { availableThreads } from './runtime/available-threads.ts';
import type { HostedAnswer, ModelHost, RequestOptions } from './runtime/model-host.ts';
import { ModelPool } from './runtime/model-pool.ts';
import type { ConnectRunner } from './runtime/runner-connection.ts';
import { startRunnerProcess } from './runtime/runner-process.ts';
import {
  aliasSchema,
  type ClassificationResult,
  type ClassifyOptions,
  ClassifyOptionsSchema,
  DEFAULT_IMAGE_CLASSIFIER,
  DEFAULT_SUMMARIZER,
  DEFAULT_TOP_K,
  type DownloadEvent,
  type Dtype,
  type EngineEvent,
  type LoadOptions,
  LoadOptionsSchema,
  type ModelIdentity,
  type ModelStatus,
  modelSchema,
  type PullOptions,
  PullOptionsSchema,
  type PullResult,
  parseArgument,
  type SummarizeOptions,
  type SummaryResult,
  type TokenizationResult,
  type TokenizeOptions,
  TokenizeOptionsSchema,
  WaiterOptionsSchema,
} from './schemas.ts';
import { checkText, toSummarizationRequest, toSummaryResult } from './summary-request.ts';

export type { ModelManager };

const DEFAULT_WATCHDOG_MS = 60_000;

const EngineOptionsSchema = v.strictObject({
  /** Threads that one model computes with. Default: as many as this machine, or its container, has processors. */
  numThreads: v.optional(
    v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'), v.maxValue(1024)),
  ),
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
  /** Names for models of your own, over the built-in aliases: what each stands for is an alias, a folder or a repository. */
  aliases: v.optional(v.record(aliasSchema, modelSchema)),
  /** A model that nobody asked for so long is unloaded; its memory returns to the system. Default: never. */
  keepAliveMs: v.optional(v.pipe(v.number(), v.minValue(0, 'must not be negative'))),
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

const CallbackOptionsSchema = v.object({
  fetch: v.optional(v.function('must be a function')),
  onEvent: v.optional(v.function('must be a function')),
});

/** Options of `createEngine()`. */
export type EngineOptions = v.InferInput<typeof EngineOptionsSchema> & {
  /** Without one the library is silent. */
  readonly logger?: Logger;
  /** What the Hub is asked through, instead of Node's. It is given `redirect: 'manual'` and must not follow redirects. */
  readonly fetch?: typeof fetch;
  /** Told of what happens inside, for metrics: counts and times. What it throws is ignored. */
  readonly onEvent?: (event: EngineEvent) => void;
};

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
   * The ids of a text as a model's tokenizer makes them, whole and without the prefix. Needs the tokenizer's files only.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  tokenize(text: string, options?: TokenizeOptions): Promise<TokenizationResult>;
  /**
   * Fetches a model from the Hub, or what has changed of it.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  pull(model: string, options?: PullOptions): Promise<PullResult>;
  /**
   * Loads a model and warms it up, so that its first request need not wait. Does nothing for one that is loaded.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  load(model: string, options?: LoadOptions): Promise<ModelIdentity>;
  /** Unloads a model, or all, as soon as what it works on is done; the next request loads it again. */
  unload(model?: string): Promise<void>;
  /** The models in use, as they are now. Loads nothing. */
  status(): readonly ModelStatus[];
  /** The models on this machine. */
  readonly models: ModelManager;
  /** Ends all work and all runners. Requests that are still waiting fail with ENGINE_CLOSED. */
  close(): Promise<void>;
}

/** How an engine reaches its runners. */
export interface RunnerTransport {
  readonly connect: ConnectRunner;
  /** Larger pictures go through a private temporary file: a 20 MB message blocks its sender for 10 to 44 ms. */
  readonly spoolAboveBytes: number;
}

/** Which runner answers. */
interface HostedModel {
  readonly task: RunnerTask;
  readonly name: string;
  readonly dtype: Dtype;
  readonly revision: string | undefined;
}

const CHILD_PROCESSES: RunnerTransport = { connect: startRunnerProcess, spoolAboveBytes: 1024 * 1024 };

/**
 * An engine that runs each model in a child process of its own, started at the model's first request.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return createEngineOver(CHILD_PROCESSES, options);
}

/** An engine over any kind of runner. */
export function createEngineOver(
  transport: RunnerTransport,
  { logger = silentLogger, fetch, onEvent, ...options }: EngineOptions,
): Engine {
  const {
    numThreads = availableThreads(),
    watchdogMs = DEFAULT_WATCHDOG_MS,
    aliases = {},
    keepAliveMs: _keepAliveMs,
    maxMemoryBytes: _maxMemoryBytes,
    queue: _queue,
    ...hubOptions
  } = parseArgument(EngineOptionsSchema, options);
  parseArgument(CallbackOptionsSchema, { fetch, onEvent });
  const hub = createHub(hubSettings(readHubEnvironment(), { ...hubOptions, fetch }));
  const pool = new ModelPool<DownloadEvent>();
  const spool = createImageSpool();
  let closed = false;

  /** The host of a model, which is fetched and loaded at its first request. */
  function findHost(
    { task, name, dtype, revision }: HostedModel,
    waiter: { readonly signal: AbortSignal | undefined; readonly onEvent: ((event: DownloadEvent) => void) | undefined },
  ): Promise<ModelHost> {
    parseArgument(WaiterOptionsSchema, { signal: waiter.signal, onProgress: waiter.onEvent });
    waiter.signal?.throwIfAborted();
    if (closed) throw closedError();
    return pool.host(
      JSON.stringify([task, name, revision, dtype]),
      async (signal, onEvent) => {
        // A prototype's names are no aliases.
        const target = Object.hasOwn(aliases, name) ? aliases[name]! : name;
        const model = await hub.resolve({ task, model: target, dtype, revision }, { signal, onEvent });
        return { model, numThreads, watchdogMs, connect: transport.connect, logger };
      },
      waiter,
    );
  }

  async function classify(
    image: string | URL | Uint8Array,
    { signal, onProgress, ...options }: ClassifyOptions = {},
  ): Promise<ClassificationResult> {
    const request = parseArgument(ClassifyOptionsSchema, options);
    const source = toImageSource(image);
    const { model: name = DEFAULT_IMAGE_CLASSIFIER, dtype = 'fp32', revision } = request;
    const host = await findHost({ task: 'image-classification', name, dtype, revision }, { signal, onEvent: onProgress });
    const spooled =
      'bytes' in source && source.bytes.length > transport.spoolAboveBytes ? await spool.add(source.bytes) : undefined;
    try {
      const { answer, loadMs, queueMs } = await ask(
        host,
        {
          task: 'image-classification',
          image: spooled === undefined ? source : { path: spooled.path },
          topK: request.topK ?? DEFAULT_TOP_K,
          activation: request.activation ?? 'softmax',
          minConfidence: request.minConfidence ?? null,
          maxPixels: request.maxPixels ?? DEFAULT_MAX_PIXELS,
          ignoreOrientation: request.ignoreOrientation ?? false,
        },
        { signal },
      );
      const { classLabel, score, top, timings } = answer;
      return { classLabel, score, top, model: host.identity, timings: { loadMs, queueMs, ...timings } };
    } finally {
      await spooled?.remove();
    }
  }

  async function summarize(
    text: string,
    { signal, onProgress, onText, ...options }: SummarizeOptions = {},
  ): Promise<SummaryResult> {
    const { request, dtype, revision, model } = toSummarizationRequest(text, options, onText !== undefined);
    const wanted = { task: 'summarization', name: model ?? DEFAULT_SUMMARIZER, dtype, revision } as const;
    const host = await findHost(wanted, { signal, onEvent: onProgress });
    const { answer, loadMs, queueMs } = await ask(host, request, {
      signal,
      onProgress: ({ outputTokens, maxLength, text }) => {
        onProgress?.({ type: 'tokens', outputTokens, maxLength });
        if (text !== '') onText?.(text);
      },
    });
    return toSummaryResult(answer, { model: host.identity, loadMs, queueMs });
  }

  async function tokenize(text: string, { signal, onProgress, ...options }: TokenizeOptions = {}): Promise<TokenizationResult> {
    const { model: name = DEFAULT_SUMMARIZER, revision } = parseArgument(TokenizeOptionsSchema, options);
    const request = { task: 'tokenization', text: checkText(text) } as const;
    const host = await findHost({ task: 'tokenization', name, dtype: 'fp32', revision }, { signal, onEvent: onProgress });
    const { answer } = await ask(host, request, { signal });
    const { id, revision: commit } = host.identity;
    return { ids: answer.ids, tokens: answer.tokens, model: { id, revision: commit } };
  }

  async function pull(name: string, { signal, onProgress, ...options }: PullOptions = {}): Promise<PullResult> {
    const model = parseArgument(modelSchema, name);
    const { task, dtype = 'fp32', revision } = parseArgument(PullOptionsSchema, options);
    parseArgument(WaiterOptionsSchema, { signal, onProgress });
    signal?.throwIfAborted();
    if (closed) throw closedError();
    return hub.pull({ task, model, dtype, revision }, { signal, onEvent: onProgress });
  }

  async function load(name: string, { signal, onProgress, ...options }: LoadOptions = {}): Promise<ModelIdentity> {
    const { task = 'summarization', dtype = 'fp32', revision } = parseArgument(LoadOptionsSchema, options);
    const host = await findHost(
      { task, name: parseArgument(modelSchema, name), dtype, revision },
      { signal, onEvent: onProgress },
    );
    return host.identity;
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all([hub.close(closedError()), pool.close(closedError())]);
    await spool.close();
  }

  return {
    classify,
    summarize,
    tokenize,
    pull,
    load,
    async unload() {},
    status: () => [],
    models: lazyModelManager(hub),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Queues a request; a model that cannot be loaded may be one that is damaged in the cache. */
async function ask<Request extends RunnerRequest>(
  host: ModelHost,
  request: Request,
  options: RequestOptions,
): Promise<HostedAnswer<AnswerTo<Request>>> {
  try {
    return await host.run(request, options);
  } catch (error) {
    throw suspectCache(error, host.identity);
  }
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}
