import { resolve as resolvePath } from 'node:path';
import { toClassificationRequest, toClassificationResult } from './classification-request.ts';
import { readHubEnvironment, readPreparedEnvironment } from './config.ts';
import {
  CallbackOptionsSchema,
  DEFAULT_WATCHDOG_MS,
  type Engine,
  type EngineLimits,
  type EngineOptions,
  EngineOptionsSchema,
  type ModelManager,
} from './engine-interface.ts';
import { createEngineModels, parseWhen } from './engine-models.ts';
import { OnnxPredictError } from './errors.ts';
import { findUnsupported } from './faithfulness/find-unsupported.ts';
import { createHub, hubSettings } from './hub/hub.ts';
import { suspectCache } from './hub/suspect-cache.ts';
import { toImageSource } from './image-source.ts';
import { createImageSpool } from './image-spool.ts';
import { DEFAULT_MAX_PIXELS, MAX_TEXT_LENGTH } from './limits.ts';
import { silentLogger } from './logger.ts';
import { answerEach, type Outcome, toOutcome } from './outcomes.ts';
import type { RunPreparer } from './prepared/make-prepared.ts';
import type { GenerationProgress } from './protocol.ts';
import { availableThreads } from './runtime/available-threads.ts';
import { createModelService } from './runtime/model-service.ts';
import type { ConnectRunner } from './runtime/runner-connection.ts';
import { startRunnerProcess } from './runtime/runner-process.ts';
import {
  type ClassificationResult,
  type ClassifyOptions,
  DEFAULT_SUMMARIZER,
  type DescribedModel,
  type LoadOptions,
  LoadOptionsSchema,
  type ModelIdentity,
  modelSchema,
  type PreparationResult,
  type PrepareOptions,
  PrepareOptionsSchema,
  type PullOptions,
  PullOptionsSchema,
  type PullResult,
  parseArgument,
  type QueueState,
  type SummarizeOptions,
  type SummaryResult,
  type TokenizationResult,
  type TokenizeOptions,
  TokenizeOptionsSchema,
  WaiterOptionsSchema,
} from './schemas.ts';
import { summarizeInParts, toDivisionRequest } from './summarize-in-parts.ts';
import { checkText, toSummarizationRequest, toSummaryResult } from './summary-request.ts';

export type { Engine, EngineLimits, EngineOptions, ModelManager };

/** How an engine reaches its runners. */
export interface RunnerTransport {
  readonly connect: ConnectRunner;
  /** Larger pictures go through a private temporary file: a 20 MB message blocks its sender for 10 to 44 ms. */
  readonly spoolAboveBytes: number;
  /** Has graphs prepared. Default: in a child process. */
  readonly prepare?: RunPreparer;
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
  { logger = silentLogger, fetch, ...options }: EngineOptions,
): Engine {
  const {
    numThreads = availableThreads(),
    device = 'cpu',
    watchdogMs = DEFAULT_WATCHDOG_MS,
    aliases = {},
    keepAliveMs = Infinity,
    maxMemoryBytes = Infinity,
    queue,
    preparedDir,
    prepare: when,
    ...hubOptions
  } = parseArgument(EngineOptionsSchema, options);
  parseArgument(CallbackOptionsSchema, { fetch });
  const hub = createHub(hubSettings(readHubEnvironment(), { ...hubOptions, fetch }));
  const environment = readPreparedEnvironment();
  const files = createEngineModels(hub, {
    // The working folder may change.
    dir: resolvePath(preparedDir ?? environment.dir),
    // What is prepared is for the processor.
    when: device === 'cpu' || device === 'auto' ? (when ?? parseWhen(environment.prepare)) : 'never',
    run: transport.prepare ?? runPreparerLater,
    logger,
  });
  const service = createModelService({
    numThreads,
    device,
    watchdogMs,
    keepAliveMs,
    maxMemoryBytes,
    queue,
    connect: transport.connect,
    logger,
    resolve: ({ name, ...wanted }, waiter) => files.resolve({ ...wanted, model: target(name) }, waiter),
    distrust: files.distrust,
    explain: suspectCache,
  });
  const spool = createImageSpool();
  const models = files.manager;
  let closed = false;

  /** What a name stands for. A prototype's names are no aliases. */
  function target(name: string): string {
    return Object.hasOwn(aliases, name) ? aliases[name]! : name;
  }

  /** What may come with any request, checked. */
  function checkWaiter(waiter: { readonly signal: AbortSignal | undefined; readonly onProgress: unknown }): void {
    parseArgument(WaiterOptionsSchema, waiter);
    waiter.signal?.throwIfAborted();
    if (closed) throw closedError();
  }

  /** A picture on its way to a runner. */
  async function sendable(image: string | URL | Uint8Array) {
    const source = toImageSource(image);
    const spooled =
      'bytes' in source && source.bytes.length > transport.spoolAboveBytes ? await spool.add(source.bytes) : undefined;
    return { source: spooled === undefined ? source : { path: spooled.path }, remove: async () => spooled?.remove() };
  }

  async function classify(
    image: string | URL | Uint8Array,
    { signal, onProgress, ...options }: ClassifyOptions = {},
  ): Promise<ClassificationResult> {
    const { wanted, toRequest } = toClassificationRequest(options);
    checkWaiter({ signal, onProgress });
    const { source, remove } = await sendable(image);
    try {
      return toClassificationResult(await service.answer(wanted, toRequest(source), { signal, onDownload: onProgress }));
    } finally {
      await remove();
    }
  }

  async function classifyAll(
    images: readonly (string | URL | Uint8Array)[],
    { signal, onProgress, ...options }: ClassifyOptions = {},
  ): Promise<Outcome<ClassificationResult>[]> {
    const { wanted, toRequest } = toClassificationRequest(options);
    checkWaiter({ signal, onProgress });
    const removals: (() => Promise<void>)[] = [];
    const prepare = async (image: string | URL | Uint8Array) => {
      const { source, remove } = await sendable(image);
      removals.push(remove);
      return toRequest(source);
    };
    try {
      const outcomes = await answerEach(images, prepare, (requests) =>
        service.answerAll(wanted, requests, { signal, onDownload: onProgress }),
      );
      signal?.throwIfAborted();
      return outcomes.map((outcome) => ('result' in outcome ? { result: toClassificationResult(outcome.result) } : outcome));
    } finally {
      await Promise.all(removals.map((remove) => remove()));
    }
  }

  async function summarize(
    text: string,
    { signal, onProgress, onText, ...options }: SummarizeOptions = {},
  ): Promise<SummaryResult> {
    const { wanted, inParts, check, toRequest } = toSummarizationRequest(options, onText !== undefined);
    const request = toRequest(text);
    checkWaiter({ signal, onProgress });
    const onStep = ({ outputTokens, maxLength, text }: GenerationProgress) => {
      onProgress?.({ type: 'tokens', outputTokens, maxLength });
      if (text !== '') onText?.(text);
    };
    const onQueueState = (state: QueueState) => onProgress?.({ type: 'state', ...state });
    const waiter = { signal, onDownload: onProgress };
    const listeners = { signal, onProgress, onText, onStep };
    const result = inParts
      ? await service.answerInSteps(wanted, toDivisionRequest(request), waiter, (ask, model) =>
          summarizeInParts(request, { ask, model, ...listeners }),
        )
      : await service
          .answer(wanted, request, { ...waiter, onProgress: onStep, onQueueState })
          .then((hosted) => toSummaryResult(hosted.answer, hosted));
    return check ? checkAgainst(request.text, result) : result;
  }

  async function summarizeAll(
    texts: readonly string[],
    { signal, onProgress, ...options }: Omit<SummarizeOptions, 'onText'> = {},
  ): Promise<Outcome<SummaryResult>[]> {
    const { wanted, inParts, check, toRequest } = toSummarizationRequest(options, false);
    checkWaiter({ signal, onProgress });
    if (inParts) return summarizeEach(texts, signal === undefined ? options : { ...options, signal });
    const outcomes = await answerEach(texts, toRequest, (requests) =>
      service.answerAll(wanted, requests, { signal, onDownload: onProgress }),
    );
    signal?.throwIfAborted();
    return Promise.all(
      outcomes.map(async (outcome, place) => {
        if ('error' in outcome) return outcome;
        const result = toSummaryResult(outcome.result.answer, outcome.result);
        return { result: check ? await checkAgainst(texts[place]!, result) : result };
      }),
    );
  }

  /** Texts of which each may be many requests: they are taken in one by one. */
  async function summarizeEach(
    texts: readonly string[],
    options: Omit<SummarizeOptions, 'onText'>,
  ): Promise<Outcome<SummaryResult>[]> {
    const outcomes = (await Promise.allSettled(texts.map((text) => summarize(text, options)))).map(toOutcome);
    options.signal?.throwIfAborted();
    return outcomes;
  }

  async function describe(name: string): Promise<DescribedModel[]> {
    const model = parseArgument(modelSchema, name);
    const { describeModel } = await import('./hub/describe-model.ts');
    return hub.whileOpen(() => describeModel(target(model), hub.settings));
  }

  async function tokenize(text: string, { signal, onProgress, ...options }: TokenizeOptions = {}): Promise<TokenizationResult> {
    const { model: name = DEFAULT_SUMMARIZER, revision } = parseArgument(TokenizeOptionsSchema, options);
    const request = { task: 'tokenization', text: checkText(text) } as const;
    const wanted = { task: 'tokenization', name, dtype: 'fp32', revision } as const;
    checkWaiter({ signal, onProgress });
    const { answer: tokenized, model } = await service.answer(wanted, request, { signal, onDownload: onProgress });
    return { ids: tokenized.ids, tokens: tokenized.tokens, model: { id: model.id, revision: model.revision } };
  }

  async function pull(name: string, { signal, onProgress, ...options }: PullOptions = {}): Promise<PullResult> {
    const model = parseArgument(modelSchema, name);
    const { task, dtype = 'fp32', revision } = parseArgument(PullOptionsSchema, options);
    checkWaiter({ signal, onProgress });
    const waiter = { signal, onEvent: onProgress };
    const pulled = await hub.pull({ task, model, dtype, revision }, waiter);
    await files.prepareAfterPull({ task, model, dtype, revision }, waiter);
    return pulled;
  }

  async function prepare(name: string, { signal, onProgress, ...options }: PrepareOptions = {}): Promise<PreparationResult> {
    const model = target(parseArgument(modelSchema, name));
    const { task, dtype = 'fp32', revision, force = false } = parseArgument(PrepareOptionsSchema, options);
    checkWaiter({ signal, onProgress });
    return files.prepare({ task, model, dtype, revision }, force, { signal, onEvent: onProgress });
  }

  async function load(name: string, { signal, onProgress, ...options }: LoadOptions = {}): Promise<ModelIdentity> {
    const { dtype = 'fp32', revision, ...parsed } = parseArgument(LoadOptionsSchema, options);
    const model = parseArgument(modelSchema, name);
    checkWaiter({ signal, onProgress });
    const task = parsed.task ?? (await models.show(target(model), signal === undefined ? {} : { signal })).task;
    if (task === null) throw new OnnxPredictError('INVALID_ARGUMENT', `task: say what model ${model} is for`);
    return service.load({ task, name: model, dtype, revision }, { signal, onEvent: onProgress });
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all([hub.close(closedError()), service.close(closedError())]);
    await spool.close();
  }

  return {
    classify,
    classifyAll,
    summarize,
    summarizeAll,
    tokenize,
    pull,
    prepare,
    load,
    unload: (name) => service.unload(name),
    status: () => service.status(),
    observe: (listener) => service.observe(listener),
    describe,
    limits: {
      maxPixels: DEFAULT_MAX_PIXELS,
      maxTextLength: MAX_TEXT_LENGTH,
      queue: { maxCost: queue?.maxCost ?? null, maxBytes: queue?.maxBytes ?? null, maxWaitMs: queue?.maxWaitMs ?? null },
    },
    models,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The code that starts processes is loaded when one is started. */
const runPreparerLater: RunPreparer = async (request, options) => {
  const { runPreparer } = await import('./runtime/preparer-process.ts');
  return runPreparer(request, options);
};

/** The summary with what its text does not say. */
async function checkAgainst(text: string, result: SummaryResult): Promise<SummaryResult> {
  return { ...result, unsupported: await findUnsupported(result.summary, text) };
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}
