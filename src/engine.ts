import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { readHubEnvironment } from './config.ts';
import { OnnxPredictError } from './errors.ts';
import { createHub, hubSettings } from './hub/hub.ts';
import { createModelManager, type ModelManager } from './hub/manage-models.ts';
import { suspectCache } from './hub/suspect-cache.ts';
import { DEFAULT_MAX_PIXELS } from './limits.ts';
import { type Logger, silentLogger } from './logger.ts';
import type { ImageSource } from './protocol.ts';
import { availableThreads } from './runtime/available-threads.ts';
import { ModelPool } from './runtime/model-pool.ts';
import type { ConnectRunner } from './runtime/runner-connection.ts';
import { startRunnerProcess } from './runtime/runner-process.ts';
import { spoolImage } from './runtime/spool-image.ts';
import {
  type ClassificationResult,
  type ClassifyOptions,
  ClassifyOptionsSchema,
  DEFAULT_IMAGE_CLASSIFIER,
  DEFAULT_TOP_K,
  type DownloadEvent,
  modelSchema,
  type PullOptions,
  PullOptionsSchema,
  type PullResult,
  parseArgument,
  WaiterOptionsSchema,
} from './schemas.ts';

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
});

const FetchOptionSchema = v.object({ fetch: v.optional(v.function('must be a function')) });

/** Options of `createEngine()`. */
export type EngineOptions = v.InferInput<typeof EngineOptionsSchema> & {
  /** Without one the library is silent. */
  readonly logger?: Logger;
  /** What the Hub is asked through, instead of Node's. It is given `redirect: 'manual'` and must not follow redirects. */
  readonly fetch?: typeof fetch;
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
   * Fetches a model from the Hub, or what has changed of it.
   * @throws OnnxPredictError with a stable `code`; the signal's reason once it is aborted
   */
  pull(model: string, options?: PullOptions): Promise<PullResult>;
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
    watchdogMs = DEFAULT_WATCHDOG_MS,
    ...hubOptions
  } = parseArgument(EngineOptionsSchema, options);
  parseArgument(FetchOptionSchema, { fetch });
  const hub = createHub(hubSettings(readHubEnvironment(), { ...hubOptions, fetch }));
  const pool = new ModelPool<DownloadEvent>();
  let closed = false;

  async function classify(
    image: string | URL | Uint8Array,
    { signal, onProgress, ...options }: ClassifyOptions = {},
  ): Promise<ClassificationResult> {
    const request = parseArgument(ClassifyOptionsSchema, options);
    const source = toImageSource(image);
    signal?.throwIfAborted();
    if (closed) throw closedError();
    const { model: name = DEFAULT_IMAGE_CLASSIFIER, dtype = 'fp32', revision } = request;
    const host = await pool.host(
      JSON.stringify([name, revision, dtype]),
      async (signal, onEvent) => {
        const model = await hub.resolve({ model: name, dtype, revision }, { signal, onEvent });
        return { model, numThreads, watchdogMs, connect: transport.connect, logger };
      },
      { signal, onEvent: onProgress },
    );
    const spooled =
      'bytes' in source && source.bytes.length > transport.spoolAboveBytes ? await spoolImage(source.bytes) : undefined;
    try {
      const { answer, loadMs } = await host.run(
        {
          image: spooled === undefined ? source : { path: spooled.path },
          topK: request.topK ?? DEFAULT_TOP_K,
          activation: request.activation ?? 'softmax',
          minConfidence: request.minConfidence ?? null,
          maxPixels: request.maxPixels ?? DEFAULT_MAX_PIXELS,
        },
        signal,
      );
      const { timings, ...rest } = answer;
      return { ...rest, model: host.identity, timings: { loadMs, ...timings } };
    } catch (error) {
      throw suspectCache(error, host.identity);
    } finally {
      await spooled?.remove();
    }
  }

  async function pull(name: string, { signal, onProgress, ...options }: PullOptions = {}): Promise<PullResult> {
    const model = parseArgument(modelSchema, name);
    const { dtype = 'fp32', revision } = parseArgument(PullOptionsSchema, options);
    parseArgument(WaiterOptionsSchema, { signal, onProgress });
    signal?.throwIfAborted();
    if (closed) throw closedError();
    return hub.pull({ model, dtype, revision }, { signal, onEvent: onProgress });
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all([hub.close(closedError()), pool.close(closedError())]);
  }

  return { classify, pull, models: createModelManager(hub), close, [Symbol.asyncDispose]: close };
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}

function toImageSource(image: string | URL | Uint8Array): ImageSource {
  if (typeof image === 'string') {
    if (image === '')
      throw new OnnxPredictError('INVALID_ARGUMENT', 'image: must not be empty; give a path, a file: URL or bytes');
    return { path: resolve(image) };
  }
  if (image instanceof Uint8Array) return { bytes: image };
  if (!(image instanceof URL)) {
    throw new OnnxPredictError('INVALID_ARGUMENT', `image: must be a path, a file: URL or a Uint8Array (got ${typeof image})`);
  }
  if (image.protocol !== 'file:') {
    const message = `image: only file: URLs are read (got ${image.protocol}); fetch the picture and pass its bytes`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message);
  }
  try {
    return { path: fileURLToPath(image) };
  } catch (error) {
    throw new OnnxPredictError('INVALID_ARGUMENT', `image: ${image.href} is not the URL of a file on this machine`, {
      cause: error,
    });
  }
}
