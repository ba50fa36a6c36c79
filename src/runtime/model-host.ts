import { OnnxPredictError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { AnswerTo, FromRunner, GenerationProgress, LocalModel, RunnerAnswer, RunnerRequest } from '../protocol.ts';
import type { ModelIdentity } from '../schemas.ts';
import type { ConnectRunner, RunnerConnection, RunnerExit } from './runner-connection.ts';

export interface ModelHostOptions {
  readonly model: LocalModel;
  readonly numThreads: number;
  /** A runner from which nothing is heard for this long while it works is killed. */
  readonly watchdogMs: number;
  readonly connect: ConnectRunner;
  readonly logger: Logger;
}

/** A request's way to be stopped, and to hear how far it is. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: GenerationProgress) => void) | undefined;
}

/** An answer, and what its request waited for the model to be loaded. */
export interface HostedAnswer<Answer extends RunnerAnswer = RunnerAnswer> {
  readonly answer: Answer;
  readonly loadMs: number;
  /** What it waited for others. */
  readonly queueMs: number;
}

interface Job {
  readonly id: number;
  readonly request: RunnerRequest;
  readonly onProgress: ((progress: GenerationProgress) => void) | undefined;
  readonly resolve: (answer: HostedAnswer) => void;
  readonly reject: (reason: unknown) => void;
  /** When the request began to wait for a load, by performance.now(); undefined while it has not. */
  waitsSinceMs: number | undefined;
  loadMs: number;
  /** The runner said that it began with it. */
  begun: boolean;
  /** A runner died before it began with it, and it went back into the queue. */
  requeued: boolean;
  settled: boolean;
}

interface Runner {
  readonly connection: RunnerConnection;
  state: 'loading' | 'ready';
  /** Why the watchdog killed it, if it did. */
  killedBecause: string | undefined;
}

/** Loading is one native call without any sign of life, and from a slow disk it may take minutes. */
const LOAD_WATCHDOG_FACTOR = 5;
/** A timer that fires so much too late says nothing of the runner. */
const LATE_MS = 1000;

/**
 * One model and the queue before it. Starts its runner at the first request and again after a crash, hands it one request at a
 * time, and ends it when it hangs. What a dead runner carried fails; what waited behind it goes to the next.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #queue: Job[] = [];
  #runner: Runner | undefined;
  #active: Job | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #nextId = 1;
  /** How many runners in a row ended while they loaded. */
  #failedLoads = 0;
  #closing: Promise<void> | undefined;
  #unloadable: OnnxPredictError | undefined;

  constructor(options: ModelHostOptions) {
    this.#options = options;
  }

  /** The model could not be loaded: its files may have changed or gone, so that it takes another host to try again. */
  get unloadable(): boolean {
    return this.#unloadable !== undefined;
  }

  /** Which model answers here. */
  get identity(): ModelIdentity {
    return this.#options.model.identity;
  }

  /**
   * Queues one request.
   * @throws OnnxPredictError of the task, MODEL_INVALID, RUNNER_CRASHED, RUNNER_UNRESPONSIVE, RUNNER_START_FAILED, ENGINE_CLOSED;
   *   the signal's reason once it is aborted
   */
  run<Request extends RunnerRequest>(
    request: Request,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<HostedAnswer<AnswerTo<Request>>> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (this.#unloadable !== undefined) return Promise.reject(this.#unloadable);
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#cancel(job, signal?.reason);
      const settle =
        <T>(report: (value: T) => void) =>
        (value: T) => {
          if (job.settled) return;
          job.settled = true;
          signal?.removeEventListener('abort', onAbort);
          report(value);
        };
      const job: Job = {
        id: this.#nextId++,
        request,
        onProgress,
        resolve: settle((hosted) => {
          // A runner answers in kind.
          if (isAnswerTo(request, hosted)) resolve(hosted);
          else reject(new OnnxPredictError('INTERNAL', `A runner answered a request for ${request.task} with another's answer.`));
        }),
        reject: settle(reject),
        waitsSinceMs: undefined,
        loadMs: 0,
        begun: false,
        requeued: false,
        settled: false,
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(job);
      this.#pump();
    });
  }

  /** Refuses what waits and what runs, and resolves when the runner is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopWatchdog();
    this.#failAll(closedError());
    await this.#runner?.connection.close();
  }

  #pump(): void {
    if (this.#closing !== undefined || this.#active !== undefined) return;
    if (this.#queue.length > 0) {
      this.#runner ??= this.#start();
      if (this.#runner.state === 'loading') this.#noteWaiting();
      else this.#dispatch(this.#runner, this.#queue.shift()!);
    }
    this.#runner?.connection.setBusy(this.#active !== undefined || this.#queue.length > 0);
  }

  #start(): Runner {
    const { model, numThreads, connect, watchdogMs, logger } = this.#options;
    logger.debug(`starting a runner for ${model.identity.id}`);
    const runner: Runner = {
      state: 'loading',
      killedBecause: undefined,
      connection: connect({
        onMessage: (message) => this.#onMessage(runner, message),
        onExit: (exit) => this.#onExit(runner, exit),
      }),
    };
    // After a failed load nothing is prepared ahead: its cause may have been the picture, and then only its own request shall fail.
    const first = this.#failedLoads === 0 ? this.#queue[0] : undefined;
    const ahead = first === undefined ? null : { id: first.id, request: first.request };
    try {
      runner.connection.send({ type: 'load', model, numThreads, first: ahead });
    } catch {
      // A request that cannot be sent fails when its turn comes.
      runner.connection.send({ type: 'load', model, numThreads, first: null });
    }
    this.#startWatchdog(runner, watchdogMs * LOAD_WATCHDOG_FACTOR);
    return runner;
  }

  #noteWaiting(): void {
    for (const job of this.#queue) job.waitsSinceMs ??= performance.now();
  }

  #dispatch(runner: Runner, job: Job): void {
    this.#active = job;
    try {
      runner.connection.send({ type: 'run', id: job.id, request: job.request });
      this.#startWatchdog(runner, this.#options.watchdogMs);
    } catch (cause) {
      this.#active = undefined;
      // Only bytes can be taken away; everything else of a request can be sent.
      job.reject(new OnnxPredictError('INVALID_ARGUMENT', 'image: its bytes were taken away before they were read', { cause }));
      this.#pump();
    }
  }

  #onMessage(runner: Runner, message: FromRunner): void {
    if (runner !== this.#runner) return;
    if (message.type === 'loaded') {
      runner.state = 'ready';
      for (const warning of message.warnings) this.#options.logger.warn(`${this.identity.id}: ${warning}`);
      this.#failedLoads = 0;
      this.#stopWatchdog();
      for (const job of this.#queue) {
        if (job.waitsSinceMs !== undefined) job.loadMs = performance.now() - job.waitsSinceMs;
      }
    } else if (message.type === 'load-failed') {
      this.#stopWatchdog();
      this.#runner = undefined;
      void runner.connection.close();
      this.#giveUp(new OnnxPredictError(message.error.code, message.error.message));
    } else {
      this.#onJobMessage(runner, message);
    }
    this.#pump();
  }

  #onJobMessage(runner: Runner, message: Extract<FromRunner, { id: number }>): void {
    const job = this.#active;
    if (job?.id !== message.id) return;
    if (message.type === 'step') {
      job.begun = true;
      if (message.progress !== undefined) this.#tell(job, message.progress);
      this.#startWatchdog(runner, this.#options.watchdogMs);
      return;
    }
    this.#stopWatchdog();
    this.#active = undefined;
    if (message.type === 'result') job.resolve({ answer: message.answer, loadMs: job.loadMs, queueMs: 0 });
    else if (message.type === 'failed') job.reject(new OnnxPredictError(message.error.code, message.error.message));
  }

  /** A listener that throws ends its own request, and nothing else. */
  #tell(job: Job, progress: GenerationProgress): void {
    if (job.settled) return;
    try {
      job.onProgress?.(progress);
    } catch (error) {
      this.#cancel(job, error);
    }
  }

  #onExit(runner: Runner, exit: RunnerExit): void {
    if (runner !== this.#runner || this.#closing !== undefined) return;
    const { identity } = this.#options.model;
    this.#options.logger.warn(`the runner of ${identity.id} ended: ${runner.killedBecause ?? exit.reason}`);
    this.#stopWatchdog();
    this.#runner = undefined;
    const job = this.#active;
    this.#active = undefined;
    if (runner.state === 'loading') this.#afterFailedLoad(runner, exit);
    else if (job !== undefined && !job.begun && !job.requeued) this.#requeue(job);
    else job?.reject(exitError(identity.id, runner, exit));
    this.#pump();
  }

  /** A runner that died while loading carried nothing, so what waits is tried again, but once: its model may be the cause. */
  #afterFailedLoad(runner: Runner, exit: RunnerExit): void {
    this.#failedLoads += 1;
    if (exit.started && runner.killedBecause === undefined && this.#failedLoads < 2) return;
    this.#giveUp(exitError(this.#options.model.identity.id, runner, exit));
  }

  #giveUp(error: OnnxPredictError): void {
    this.#unloadable = error;
    this.#failAll(error);
  }

  #requeue(job: Job): void {
    job.requeued = true;
    this.#queue.unshift(job);
  }

  #cancel(job: Job, reason: unknown): void {
    const position = this.#queue.indexOf(job);
    if (position >= 0) this.#queue.splice(position, 1);
    else if (job === this.#active) this.#runner?.connection.send({ type: 'cancel', id: job.id });
    job.reject(reason);
    this.#pump();
  }

  #failAll(error: OnnxPredictError): void {
    const jobs = this.#queue.splice(0);
    if (this.#active !== undefined) jobs.unshift(this.#active);
    this.#active = undefined;
    for (const job of jobs) job.reject(error);
  }

  #startWatchdog(runner: Runner, delayMs: number): void {
    this.#stopWatchdog();
    const startMs = performance.now();
    this.#watchdog = setTimeout(() => {
      // This process was itself stopped (Ctrl-Z, a suspended machine), and the runner with it.
      if (performance.now() - startMs > delayMs + LATE_MS) return this.#startWatchdog(runner, delayMs);
      runner.killedBecause = `it gave no sign of life for ${Math.round(delayMs / 1000)} s`;
      runner.connection.kill();
    }, delayMs).unref();
  }

  #stopWatchdog(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }
}

function isAnswerTo<Request extends RunnerRequest>(
  request: Request,
  hosted: HostedAnswer,
): hosted is HostedAnswer<AnswerTo<Request>> {
  return hosted.answer.task === request.task;
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}

function exitError(modelId: string, runner: Runner, exit: RunnerExit): OnnxPredictError {
  const cause = new Error(exit.reason);
  const [how] = exit.reason.split('\n', 1);
  const when = runner.state === 'loading' ? 'while it loaded the model' : 'while it worked on this request';
  if (!exit.started) {
    return new OnnxPredictError('RUNNER_START_FAILED', `No runner could be started for ${modelId}: ${how}.`, { cause });
  }
  if (runner.killedBecause !== undefined) {
    return new OnnxPredictError('RUNNER_UNRESPONSIVE', `The runner of ${modelId} was ended ${when}: ${runner.killedBecause}.`, {
      cause,
    });
  }
  const message = `The runner of ${modelId} ended ${when} (${how}); the next request starts a new one.`;
  return new OnnxPredictError('RUNNER_CRASHED', message, { cause });
}
