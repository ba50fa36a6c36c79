import { reportError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Outcome, toOutcome } from '../outcomes.ts';
import type { AnswerTo, LocalModel, RunnerAnswer, RunnerRequest } from '../protocol.ts';
import type { Dtype, EngineEvent, LoadEvent, ModelIdentity, ModelStatus, RunnerTask, Task } from '../schemas.ts';
import type { Waiter } from '../shared-work.ts';
import { Admission } from './admission.ts';
import { CrashLedger } from './crash-ledger.ts';
import type { HostedAnswer, RequestOptions } from './job.ts';
import type { ModelHost } from './model-host.ts';
import { ModelPool } from './model-pool.ts';
import type { RequestCost } from './request-cost.ts';
import type { RunnerSlotOptions } from './runner-slot.ts';
import { warmUpRequest } from './warm-up-request.ts';

/** A model as it is asked for: which runner answers. */
interface HostedModel<T extends RunnerTask = RunnerTask> {
  readonly task: T;
  readonly name: string;
  readonly dtype: Dtype;
  readonly revision: string | undefined;
}

export interface ModelServiceOptions extends Omit<RunnerSlotOptions, 'model' | 'onEvent'> {
  /** Finds a model's files, and fetches what is missing. */
  readonly resolve: (wanted: HostedModel, waiter: Waiter<LoadEvent>) => Promise<LocalModel>;
  /** Sees to it that what was prepared of a model is not used again: it could not be loaded. */
  readonly distrust: (model: LocalModel, reason: string) => Promise<void>;
  /** Makes of a failed load's error what is told. */
  readonly explain: (error: unknown, model: ModelIdentity) => unknown;
  /** What all runners together may hold; Infinity: no limit. */
  readonly maxMemoryBytes: number;
  /** Undefined: nothing is bounded. */
  readonly queue:
    | { readonly maxCost?: number | undefined; readonly maxBytes?: number | undefined; readonly maxWaitMs?: number | undefined }
    | undefined;
  readonly logger: Logger;
}

/** How a request that is seen through is stopped and followed. */
interface AnswerOptions extends Omit<RequestOptions, 'maxWaitMs'> {
  /** Told of a download, if one is needed. */
  readonly onDownload: ((event: LoadEvent) => void) | undefined;
}

/** An answer, what its request waited for, and which model gave it. */
type ServiceAnswer<Request extends RunnerRequest> = HostedAnswer<AnswerTo<Request>> & { readonly model: ModelIdentity };

/** Asks one model for several answers, which are made together. */
type AskAll = <Request extends RunnerRequest>(
  requests: readonly Request[],
  options?: Pick<RequestOptions, 'signal' | 'onProgress'> & { readonly onAnswer?: (() => void) | undefined },
) => Promise<readonly HostedAnswer<AnswerTo<Request>>[]>;

/** What is told of a request that was answered. */
interface Told {
  readonly loadMs: number;
  readonly queueMs: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** What several answers came to. */
interface StepsResult {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly timings: { readonly loadMs: number; readonly queueMs: number };
}

/** All models in use, and what waits for them. */
export interface ModelService {
  /** Takes a request in, and sees it through to its answer. */
  answer<Request extends RunnerRequest>(
    wanted: HostedModel,
    request: Request,
    options: AnswerOptions,
  ): Promise<ServiceAnswer<Request>>;
  /**
   * Takes several requests in, all of them or none, and sees each through for itself.
   * @throws OnnxPredictError QUEUE_FULL; what keeps one from its answer is in its outcome
   */
  answerAll<Request extends RunnerRequest>(
    wanted: HostedModel,
    requests: readonly Request[],
    options: AnswerOptions,
  ): Promise<Outcome<ServiceAnswer<Request>>[]>;
  /**
   * Takes in what is one request to those who bound and count, and takes several questions to its model.
   * @param request what its cost is estimated by
   */
  answerInSteps<Result extends StepsResult>(
    wanted: HostedModel,
    request: RunnerRequest,
    options: Pick<AnswerOptions, 'signal' | 'onDownload'>,
    work: (ask: AskAll, model: ModelIdentity) => Promise<Result>,
  ): Promise<Result>;
  /** Loads a model and warms it up; does nothing for one that is loaded. */
  load(wanted: HostedModel<Task>, waiter: Waiter<LoadEvent>): Promise<ModelIdentity>;
  /** Unloads a model, or all, as soon as what it works on is done. */
  unload(name: string | undefined): Promise<void>;
  status(): ModelStatus[];
  /** @returns what ends the observation */
  observe(listener: (event: EngineEvent) => void): () => void;
  /** Ends all runners; who waits for a model gets `reason`. */
  close(reason: unknown): Promise<void>;
}

interface TakenRequests {
  readonly wanted: HostedModel;
  readonly requests: readonly RunnerRequest[];
  readonly signal: AbortSignal | undefined;
}

/** What the work of a request that was taken in came to. */
interface Worked<Result> {
  readonly result: Result;
  readonly told: Told;
  /** How long the files of its model were not there. */
  readonly fetchMs: number;
}

type Taken = <Result>(work: () => Promise<Worked<Result>>) => Promise<Result>;

/** Where nothing is bounded. */
const UNMEASURED: RequestCost = { cost: 1, bytes: 0 };

export function createModelService(options: ModelServiceOptions): ModelService {
  const { resolve, distrust, explain, maxMemoryBytes, queue, logger, ...slot } = options;
  const pool = new ModelPool<LoadEvent>({ maxMemoryBytes });
  const admission = new Admission({ maxCost: queue?.maxCost ?? Infinity, maxBytes: queue?.maxBytes ?? Infinity });
  const crashes = new CrashLedger();
  const listeners = new Set<(event: EngineEvent) => void>();

  /** An observer that throws harms nothing but itself. */
  function tell(event: EngineEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        logger.warn(`a listener threw: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** The host of a model, which is fetched at its first request. */
  function findHost(wanted: HostedModel, waiter: Waiter<LoadEvent>): Promise<ModelHost> {
    const { task, name } = wanted;
    return pool.host(
      keyOf(wanted),
      async (signal, emit) => ({
        ...slot,
        name,
        model: await resolve(wanted, { signal, onEvent: emit }),
        logger,
        crashes,
        onEvent: (event) => tell({ task, name, ...event }),
      }),
      waiter,
    );
  }

  async function askAll<Request extends RunnerRequest>(
    host: ModelHost,
    requests: readonly Request[],
    { onAnswer, ...requestOptions }: RequestOptions & { readonly onAnswer?: (() => void) | undefined },
  ): Promise<readonly HostedAnswer<AnswerTo<Request>>[]> {
    const follow = async (answer: Promise<HostedAnswer<AnswerTo<Request>>>) => {
      const hosted = await answer;
      onAnswer?.();
      return hosted;
    };
    try {
      return await Promise.all(host.runAll(requests, requestOptions).map(follow));
    } catch (error) {
      throw explain(error, host.identity);
    }
  }

  /** Whoever bounds nothing need not load the code that measures. */
  async function costOf(request: RunnerRequest): Promise<RequestCost> {
    if (queue === undefined) return UNMEASURED;
    const { estimateCost } = await import('./request-cost.ts');
    return estimateCost(request);
  }

  /** Takes requests in, all of them or none, and gives for each what does its work and tells what became of it. */
  async function takeIn({ wanted, requests, signal }: TakenRequests): Promise<Taken[]> {
    const { task, name } = wanted;
    const startMs = performance.now();
    const sinceStart = () => performance.now() - startMs;
    const tellFailed = (error: unknown) => {
      const code = signal?.aborted === true ? null : reportError(error).code;
      tell({ type: 'failed', task, name, code, totalMs: sinceStart() });
    };
    for (const _ of requests) tell({ type: 'queued', task, name });
    try {
      const admitted = admission.admitAll(keyOf(wanted), await Promise.all(requests.map(costOf)));
      return admitted.map(
        ({ release }): Taken =>
          async (work) => {
            try {
              const { result, told, fetchMs } = await work();
              release({ answered: true, loadMs: fetchMs + told.loadMs });
              tell({ type: 'answered', task, name, totalMs: sinceStart(), ...told });
              return result;
            } catch (error) {
              release({ answered: false });
              tellFailed(error);
              throw error;
            }
          },
      );
    } catch (error) {
      for (const _ of requests) tellFailed(error);
      throw error;
    }
  }

  /** The host of a model, and how long its files were not there. */
  async function reachHost(wanted: HostedModel, { signal, onDownload }: Pick<AnswerOptions, 'signal' | 'onDownload'>) {
    const known = pool.hosts.has(keyOf(wanted));
    const startMs = performance.now();
    const host = await findHost(wanted, { signal, onEvent: onDownload });
    return { host, fetchMs: known ? 0 : performance.now() - startMs };
  }

  /** Does work with a model's host; once more with the graphs as they are, if what was prepared of them cannot be loaded. */
  async function withHost<T>(
    wanted: HostedModel,
    options: Pick<AnswerOptions, 'signal' | 'onDownload'>,
    work: (host: ModelHost, fetchMs: number) => Promise<T>,
  ): Promise<T> {
    const { host, fetchMs } = await reachHost(wanted, options);
    try {
      return await work(host, fetchMs);
    } catch (error) {
      if (!isDistrusted(host, error)) throw error;
      const { message } = reportError(error);
      await distrust(host.model, message);
      const { id, dtype } = host.identity;
      options.onDownload?.({ type: 'preparing', model: id, dtype, stage: null, failure: message });
      const again = await reachHost(wanted, options);
      return work(again.host, fetchMs + again.fetchMs);
    }
  }

  async function seeThrough<Request extends RunnerRequest>(
    wanted: HostedModel,
    request: Request,
    options: AnswerOptions,
  ): Promise<Worked<ServiceAnswer<Request>>> {
    const { onDownload: _, ...requestOptions } = options;
    return withHost(wanted, options, async (host, fetchMs) => {
      await crashes.check(host.identity, request);
      const [hosted] = await askAll(host, [request], { maxWaitMs: queue?.maxWaitMs, ...requestOptions });
      const { answer, loadMs, queueMs } = hosted!;
      return { result: { ...hosted!, model: host.identity }, told: { loadMs, queueMs, ...tokensOf(answer) }, fetchMs };
    });
  }

  return {
    async answer(wanted, request, answerOptions) {
      const [take] = await takeIn({ wanted, requests: [request], signal: answerOptions.signal });
      return take!(() => seeThrough(wanted, request, answerOptions));
    },
    async answerAll(wanted, requests, answerOptions) {
      const taken = await takeIn({ wanted, requests, signal: answerOptions.signal });
      const answers = taken.map((take, i) => take(() => seeThrough(wanted, requests[i]!, answerOptions)));
      return (await Promise.allSettled(answers)).map(toOutcome);
    },
    async answerInSteps(wanted, request, stepOptions, work) {
      const { signal } = stepOptions;
      const [take] = await takeIn({ wanted, requests: [request], signal });
      return take!(() =>
        withHost(wanted, stepOptions, async (host, fetchMs) => {
          let maxWaitMs = queue?.maxWaitMs;
          const ask: AskAll = async (requests, askOptions) => {
            for (const each of requests) await crashes.check(host.identity, each);
            const answers = await askAll(host, requests, { signal, maxWaitMs, ...askOptions });
            // It was begun: what follows waits its turn, however long.
            maxWaitMs = undefined;
            return answers;
          };
          const result = await work(ask, host.identity);
          const { inputTokens, outputTokens, timings } = result;
          return { result, told: { loadMs: timings.loadMs, queueMs: timings.queueMs, inputTokens, outputTokens }, fetchMs };
        }),
      );
    },
    async load(wanted, waiter) {
      return withHost(wanted, { signal: waiter.signal, onDownload: waiter.onEvent }, async (host) => {
        if (host.state !== 'ready') await askAll(host, [warmUpRequest(wanted.task)], { signal: waiter.signal });
        return host.identity;
      });
    },
    async unload(name) {
      const hosts = [...pool.hosts.values()].filter((host) => name === undefined || host.name === name);
      await Promise.all(hosts.map((host) => host.unload('asked')));
    },
    status: () =>
      [...pool.hosts].map(([key, { name, model, state, numQueued, numActive, memoryBytes }]) => {
        const { cost, bytes: heldBytes } = admission.held(key);
        return { task: model.task, name, model: model.identity, state, numQueued, numActive, cost, heldBytes, memoryBytes };
      }),
    observe(listener) {
      // Each call is its own observation, also of the same function.
      const own = (event: EngineEvent) => listener(event);
      listeners.add(own);
      return () => listeners.delete(own);
    },
    close: (reason) => pool.close(reason),
  };
}

/** Errors of loading that may be the prepared files' fault. */
const LOAD_FAILURES: ReadonlySet<string> = new Set(['MODEL_INVALID', 'RUNNER_CRASHED', 'RUNNER_UNRESPONSIVE']);

/** Whether a host failed because what was prepared of its model could not be loaded, as far as can be seen. */
function isDistrusted({ unloadable, model }: ModelHost, error: unknown): boolean {
  return unloadable && model.task !== 'tokenization' && model.prepared !== null && LOAD_FAILURES.has(reportError(error).code);
}

function keyOf({ task, name, revision, dtype }: HostedModel): string {
  return JSON.stringify([task, name, revision, dtype]);
}

function tokensOf(answer: RunnerAnswer): { readonly inputTokens?: number; readonly outputTokens?: number } {
  if (answer.task !== 'summarization') return {};
  return { inputTokens: answer.inputTokens, outputTokens: answer.sequences[0]!.outputIds.length };
}
