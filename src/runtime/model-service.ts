import { reportError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { type Outcome, toOutcome } from '../outcomes.ts';
import type { AnswerTo, LocalModel, RunnerAnswer, RunnerRequest } from '../protocol.ts';
import type { DownloadEvent, Dtype, EngineEvent, ModelIdentity, ModelStatus, RunnerTask, Task } from '../schemas.ts';
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
  readonly resolve: (wanted: HostedModel, waiter: Waiter<DownloadEvent>) => Promise<LocalModel>;
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
  readonly onDownload: ((event: DownloadEvent) => void) | undefined;
}

/** An answer, what its request waited for, and which model gave it. */
type ServiceAnswer<Request extends RunnerRequest> = HostedAnswer<AnswerTo<Request>> & { readonly model: ModelIdentity };

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
  /** Loads a model and warms it up; does nothing for one that is loaded. */
  load(wanted: HostedModel<Task>, waiter: Waiter<DownloadEvent>): Promise<ModelIdentity>;
  /** Unloads a model, or all, as soon as what it works on is done. */
  unload(name: string | undefined): Promise<void>;
  status(): ModelStatus[];
  /** @returns what ends the observation */
  observe(listener: (event: EngineEvent) => void): () => void;
  /** Ends all runners; who waits for a model gets `reason`. */
  close(reason: unknown): Promise<void>;
}

/** Where nothing is bounded. */
const UNMEASURED: RequestCost = { cost: 1, bytes: 0 };

export function createModelService(options: ModelServiceOptions): ModelService {
  const { resolve, explain, maxMemoryBytes, queue, logger, ...slot } = options;
  const pool = new ModelPool<DownloadEvent>({ maxMemoryBytes });
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
  function findHost(wanted: HostedModel, waiter: Waiter<DownloadEvent>): Promise<ModelHost> {
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

  async function ask<Request extends RunnerRequest>(host: ModelHost, request: Request, requestOptions: RequestOptions) {
    try {
      return await host.run(request, requestOptions);
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

  /** Takes requests in, and gives what sees each of them through. */
  async function admit<Request extends RunnerRequest>(
    wanted: HostedModel,
    requests: readonly Request[],
    options: AnswerOptions,
  ): Promise<(() => Promise<ServiceAnswer<Request>>)[]> {
    const { task, name } = wanted;
    const startMs = performance.now();
    const sinceStart = () => performance.now() - startMs;
    const tellFailed = (error: unknown) => {
      const code = options.signal?.aborted === true ? null : reportError(error).code;
      tell({ type: 'failed', task, name, code, totalMs: sinceStart() });
    };
    for (const _ of requests) tell({ type: 'queued', task, name });
    try {
      const admitted = admission.admitAll(keyOf(wanted), await Promise.all(requests.map(costOf)));
      return requests.map((request, i) => async () => {
        const { release } = admitted[i]!;
        try {
          const { hosted, fetchMs } = await seeThrough(wanted, request, options);
          const { loadMs, queueMs } = hosted;
          release({ answered: true, loadMs: fetchMs + loadMs });
          tell({ type: 'answered', task, name, loadMs, queueMs, totalMs: sinceStart(), ...tokensOf(hosted.answer) });
          return hosted;
        } catch (error) {
          release({ answered: false });
          tellFailed(error);
          throw error;
        }
      });
    } catch (error) {
      for (const _ of requests) tellFailed(error);
      throw error;
    }
  }

  async function seeThrough<Request extends RunnerRequest>(
    wanted: HostedModel,
    request: Request,
    { onDownload, ...requestOptions }: AnswerOptions,
  ): Promise<{ readonly hosted: ServiceAnswer<Request>; readonly fetchMs: number }> {
    const known = pool.hosts.has(keyOf(wanted));
    const startMs = performance.now();
    const host = await findHost(wanted, { signal: requestOptions.signal, onEvent: onDownload });
    const fetchMs = known ? 0 : performance.now() - startMs;
    await crashes.check(host.identity, request);
    const hosted = await ask(host, request, { maxWaitMs: queue?.maxWaitMs, ...requestOptions });
    return { hosted: { ...hosted, model: host.identity }, fetchMs };
  }

  return {
    async answer(wanted, request, answerOptions) {
      const [answer] = await admit(wanted, [request], answerOptions);
      return answer!();
    },
    async answerAll(wanted, requests, answerOptions) {
      const answers = await admit(wanted, requests, answerOptions);
      return (await Promise.allSettled(answers.map((answer) => answer()))).map(toOutcome);
    },
    async load(wanted, waiter) {
      const host = await findHost(wanted, waiter);
      if (host.state !== 'ready') await ask(host, warmUpRequest(wanted.task), { signal: waiter.signal });
      return host.identity;
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

function keyOf({ task, name, revision, dtype }: HostedModel): string {
  return JSON.stringify([task, name, revision, dtype]);
}

function tokensOf(answer: RunnerAnswer): { readonly inputTokens?: number; readonly outputTokens?: number } {
  if (answer.task !== 'summarization') return {};
  return { inputTokens: answer.inputTokens, outputTokens: answer.sequences[0]!.outputIds.length };
}
