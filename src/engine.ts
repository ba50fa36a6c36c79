import { readHubEnvironment } from './config.ts';
import { CallbackOptionsSchema, DEFAULT_WATCHDOG_MS, type EngineOptions, EngineOptionsSchema } from './engine-options.ts';
import { OnnxPredictError, reportError } from './errors.ts';
import { createHub, hubSettings } from './hub/hub.ts';
import { lazyModelManager } from './hub/lazy-model-manager.ts';
import type { ModelManager } from './hub/manage-models.ts';
import { suspectCache } from './hub/suspect-cache.ts';
import { toImageSource } from './image-source.ts';
import { createImageSpool } from './image-spool.ts';
import { DEFAULT_MAX_PIXELS } from './limits.ts';
import { silentLogger } from './logger.ts';
import type { AnswerTo, RunnerAnswer, RunnerRequest } from './protocol.ts';
import { Admission } from './runtime/admission.ts';
import { availableThreads } from './runtime/available-threads.ts';
import { CrashLedger } from './runtime/crash-ledger.ts';
import type { HostedAnswer, RequestOptions } from './runtime/job.ts';
import type { ModelHost } from './runtime/model-host.ts';
import { ModelPool } from './runtime/model-pool.ts';
import type { RequestCost } from './runtime/request-cost.ts';
import type { ConnectRunner } from './runtime/runner-connection.ts';
import { startRunnerProcess } from './runtime/runner-process.ts';
import { warmUpRequest } from './runtime/warm-up-request.ts';
import {
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
  type RunnerTask,
  type SummarizeOptions,
  type SummaryResult,
  type TokenizationResult,
  type TokenizeOptions,
  TokenizeOptionsSchema,
  WaiterOptionsSchema,
} from './schemas.ts';
import { checkText, toSummarizationRequest, toSummaryResult } from './summary-request.ts';

export type { EngineOptions, ModelManager };

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

/** Where no queue is bounded. */
const UNMEASURED: RequestCost = { cost: 1, bytes: 0 };
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
    keepAliveMs = Infinity,
    maxMemoryBytes = Infinity,
    queue,
    ...hubOptions
  } = parseArgument(EngineOptionsSchema, options);
  parseArgument(CallbackOptionsSchema, { fetch, onEvent });
  const hub = createHub(hubSettings(readHubEnvironment(), { ...hubOptions, fetch }));
  const pool = new ModelPool<DownloadEvent>({ maxMemoryBytes });
  const admission = new Admission({ maxCost: queue?.maxCost ?? Infinity, maxBytes: queue?.maxBytes ?? Infinity });
  const crashes = new CrashLedger();
  const spool = createImageSpool();
  const models = lazyModelManager(hub);
  let closed = false;

  /** What a name stands for. A prototype's names are no aliases. */
  function target(name: string): string {
    return Object.hasOwn(aliases, name) ? aliases[name]! : name;
  }

  /** An observer that throws harms nothing but itself. */
  function tell(event: EngineEvent): void {
    try {
      onEvent?.(event);
    } catch (error) {
      logger.warn(`onEvent threw: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The host of a model, which is fetched and loaded at its first request. */
  function findHost(
    { task, name, dtype, revision }: HostedModel,
    waiter: { readonly signal: AbortSignal | undefined; readonly onEvent: ((event: DownloadEvent) => void) | undefined },
  ): Promise<ModelHost> {
    parseArgument(WaiterOptionsSchema, { signal: waiter.signal, onProgress: waiter.onEvent });
    waiter.signal?.throwIfAborted();
    if (closed) throw closedError();
    return pool.host(
      keyOf({ task, name, dtype, revision }),
      async (signal, onEvent) => {
        const model = await hub.resolve({ task, model: target(name), dtype, revision }, { signal, onEvent });
        return {
          name,
          model,
          numThreads,
          watchdogMs,
          keepAliveMs,
          connect: transport.connect,
          logger,
          crashes,
          onEvent: (event) => tell({ task, name, ...event }),
        };
      },
      waiter,
    );
  }

  /** Whoever bounds nothing need not load the code that measures. */
  async function costOf(request: RunnerRequest): Promise<RequestCost> {
    if (queue === undefined) return UNMEASURED;
    const { estimateCost } = await import('./runtime/request-cost.ts');
    return estimateCost(request);
  }

  /** Takes a request in, and sees it through to its answer. */
  async function answer<Request extends RunnerRequest>(
    wanted: HostedModel,
    request: Request,
    { onEvent: onDownload, ...options }: RequestOptions & { readonly onEvent: ((event: DownloadEvent) => void) | undefined },
  ): Promise<HostedAnswer<AnswerTo<Request>> & { readonly model: ModelIdentity }> {
    const { task, name } = wanted;
    const startMs = performance.now();
    const key = keyOf(wanted);
    parseArgument(WaiterOptionsSchema, { signal: options.signal, onProgress: onDownload });
    options.signal?.throwIfAborted();
    const admitted = admission.admit(key, await costOf(request));
    tell({ type: 'queued', task, name });
    let answered = false;
    try {
      const host = await findHost(wanted, { signal: options.signal, onEvent: onDownload });
      await crashes.check(host.identity, request);
      const hosted = await ask(host, request, { maxWaitMs: queue?.maxWaitMs, ...options });
      answered = true;
      const { loadMs, queueMs } = hosted;
      const totalMs = performance.now() - startMs;
      tell({ type: 'answered', task, name, loadMs, queueMs, totalMs, ...tokensOf(hosted.answer) });
      return { ...hosted, model: host.identity };
    } catch (error) {
      const code = options.signal?.aborted === true ? null : reportError(error).code;
      tell({ type: 'failed', task, name, code, totalMs: performance.now() - startMs });
      throw error;
    } finally {
      admitted.release({ answered });
    }
  }

  async function classify(
    image: string | URL | Uint8Array,
    { signal, onProgress, ...options }: ClassifyOptions = {},
  ): Promise<ClassificationResult> {
    const request = parseArgument(ClassifyOptionsSchema, options);
    const source = toImageSource(image);
    const { model: name = DEFAULT_IMAGE_CLASSIFIER, dtype = 'fp32', revision } = request;
    const spooled =
      'bytes' in source && source.bytes.length > transport.spoolAboveBytes ? await spool.add(source.bytes) : undefined;
    try {
      const hosted = await answer(
        { task: 'image-classification', name, dtype, revision },
        {
          task: 'image-classification',
          image: spooled === undefined ? source : { path: spooled.path },
          topK: request.topK ?? DEFAULT_TOP_K,
          activation: request.activation ?? 'softmax',
          minConfidence: request.minConfidence ?? null,
          maxPixels: request.maxPixels ?? DEFAULT_MAX_PIXELS,
          ignoreOrientation: request.ignoreOrientation ?? false,
        },
        { signal, onEvent: onProgress },
      );
      const { classLabel, score, top, timings } = hosted.answer;
      const { model, loadMs, queueMs } = hosted;
      return { classLabel, score, top, model, timings: { loadMs, queueMs, ...timings } };
    } finally {
      await spooled?.remove();
    }
  }

  async function summarize(
    text: string,
    { signal, onProgress, onText, ...options }: SummarizeOptions = {},
  ): Promise<SummaryResult> {
    const { request, dtype, revision, model = DEFAULT_SUMMARIZER } = toSummarizationRequest(text, options, onText !== undefined);
    const hosted = await answer({ task: 'summarization', name: model, dtype, revision }, request, {
      signal,
      onEvent: onProgress,
      onProgress: ({ outputTokens, maxLength, text }) => {
        onProgress?.({ type: 'tokens', outputTokens, maxLength });
        if (text !== '') onText?.(text);
      },
    });
    return toSummaryResult(hosted.answer, hosted);
  }

  async function tokenize(text: string, { signal, onProgress, ...options }: TokenizeOptions = {}): Promise<TokenizationResult> {
    const { model: name = DEFAULT_SUMMARIZER, revision } = parseArgument(TokenizeOptionsSchema, options);
    const request = { task: 'tokenization', text: checkText(text) } as const;
    const wanted = { task: 'tokenization', name, dtype: 'fp32', revision } as const;
    const { answer: tokenized, model } = await answer(wanted, request, { signal, onEvent: onProgress });
    return { ids: tokenized.ids, tokens: tokenized.tokens, model: { id: model.id, revision: model.revision } };
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
    const { dtype = 'fp32', revision, ...parsed } = parseArgument(LoadOptionsSchema, options);
    const model = parseArgument(modelSchema, name);
    parseArgument(WaiterOptionsSchema, { signal, onProgress });
    const task = parsed.task ?? (await models.show(target(model), { ...(signal === undefined ? {} : { signal }) })).task;
    if (task === null) throw new OnnxPredictError('INVALID_ARGUMENT', `task: say what model ${model} is for`);
    const host = await findHost({ task, name: model, dtype, revision }, { signal, onEvent: onProgress });
    if (host.state !== 'ready') await ask(host, warmUpRequest(task), { signal });
    return host.identity;
  }

  async function unload(name?: string): Promise<void> {
    const hosts = [...pool.hosts.values()].filter((host) => name === undefined || host.name === name);
    await Promise.all(hosts.map((host) => host.unload('asked')));
  }

  function status(): ModelStatus[] {
    return [...pool.hosts].map(([key, { name, model, state, numQueued, numActive, memoryBytes }]) => {
      const { cost, bytes: heldBytes } = admission.held(key);
      return { task: model.task, name, model: model.identity, state, numQueued, numActive, cost, heldBytes, memoryBytes };
    });
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
    unload,
    status,
    models,
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

function keyOf({ task, name, revision, dtype }: HostedModel): string {
  return JSON.stringify([task, name, revision, dtype]);
}

function tokensOf(answer: RunnerAnswer): { readonly inputTokens?: number; readonly outputTokens?: number } {
  if (answer.task !== 'summarization') return {};
  return { inputTokens: answer.inputTokens, outputTokens: answer.sequences[0]!.outputIds.length };
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}
