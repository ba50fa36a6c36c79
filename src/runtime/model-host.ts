import { OnnxPredictError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { AnswerTo, FromRunner, GenerationProgress, LocalModel, RunnerRequest } from '../protocol.ts';
import type { EngineEvent, ModelIdentity, ModelStatus } from '../schemas.ts';
import { type BatchLimits, batchLimits, nextBatch } from './batch-policy.ts';
import type { CrashLedger } from './crash-ledger.ts';
import { exitError, isExternal } from './exit-error.ts';
import { createJob, type HostedAnswer, type Job, type RequestOptions } from './job.ts';
import { LiveRunner } from './live-runner.ts';
import type { ConnectRunner, RunnerExit } from './runner-connection.ts';

export interface ModelHostOptions {
  /** What it was asked for by: an alias, a folder or a repository. */
  readonly name: string;
  readonly model: LocalModel;
  readonly numThreads: number;
  /** A runner from which nothing is heard for this long while it works is killed. */
  readonly watchdogMs: number;
  /** A runner without work for this long is ended; Infinity: never. */
  readonly keepAliveMs: number;
  readonly connect: ConnectRunner;
  readonly logger: Logger;
  /** Remembers what made runners crash. */
  readonly crashes: CrashLedger;
  readonly onEvent: (event: HostEvent) => void;
  /** Resolves when a runner may be started; without one, it always may. */
  readonly makeRoom?: ((host: ModelHost) => Promise<void>) | undefined;
}

type OfType<Event, Type> = Event extends { readonly type: Type } ? Omit<Event, 'task' | 'name'> : never;
/** What happens to a model, without its name. */
export type HostEvent = OfType<EngineEvent, 'batch' | 'loaded' | 'unloaded' | 'crashed'>;
type UnloadReason = Extract<HostEvent, { type: 'unloaded' }>['reason'];

/** An unloading that waits for what the runner works on. */
interface Unloading {
  readonly reason: UnloadReason;
  readonly done: Promise<void>;
  readonly finish: () => void;
}

/** Loading is one native call without any sign of life, and from a slow disk it may take minutes. */
const LOAD_WATCHDOG_FACTOR = 5;

/**
 * One model and the queue before it. Starts its runner at the first request and again after a crash, hands it what it can work on
 * together, and ends it when it hangs or when nobody asks. What a dead runner carried is tried once more, each request alone; what was
 * alone fails.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #limits: BatchLimits;
  readonly #queue: Job[] = [];
  readonly #active = new Map<number, Job>();
  #runner: LiveRunner | undefined;
  /** It waits for room in memory. */
  #starting = false;
  /** Its last runner still holds memory: none is started beside it. */
  #ending = false;
  #nextId = 1;
  /** What a text takes that does not say how many beams it wants. */
  #defaultBeams = 1;
  /** How many runners in a row ended while they loaded. */
  #failedLoads = 0;
  #loadStartMs = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #unloading: Unloading | undefined;
  #closing: Promise<void> | undefined;
  #unloadable: OnnxPredictError | undefined;
  /** When it last had work, by performance.now(). */
  lastUsedMs = performance.now();

  constructor(options: ModelHostOptions) {
    this.#options = options;
    const { task, identity } = options.model;
    this.#limits = batchLimits(task, identity.dtype);
  }

  /** The model could not be loaded: its files may have changed or gone, so that it takes another host to try again. */
  get unloadable(): boolean {
    return this.#unloadable !== undefined;
  }

  /** Which model answers here. */
  get identity(): ModelIdentity {
    return this.#options.model.identity;
  }

  get name(): string {
    return this.#options.name;
  }

  get model(): LocalModel {
    return this.#options.model;
  }

  /** Whether there is a process that holds the model, or is loading it. */
  get hasRunner(): boolean {
    return this.#runner !== undefined || this.#ending;
  }

  get state(): ModelStatus['state'] {
    if (this.#unloadable !== undefined) return 'failed';
    if (this.#runner === undefined) return this.#starting ? 'loading' : 'unloaded';
    return this.#runner.state;
  }

  /** Resident, as its runner said last; null while it has none. */
  get memoryBytes(): number | null {
    return this.#runner?.memoryBytes ?? null;
  }

  get numQueued(): number {
    return this.#queue.length;
  }

  get numActive(): number {
    return this.#active.size;
  }

  /**
   * Queues one request.
   * @throws OnnxPredictError of the task, MODEL_INVALID, RUNNER_CRASHED, RUNNER_UNRESPONSIVE, RUNNER_START_FAILED, QUEUE_TIMEOUT,
   *   MEMORY_EXCEEDED, ENGINE_CLOSED; the signal's reason once it is aborted
   */
  run<Request extends RunnerRequest>(request: Request, options: RequestOptions = {}): Promise<HostedAnswer<AnswerTo<Request>>> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (this.#unloadable !== undefined) return Promise.reject(this.#unloadable);
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
    const { job, answer } = createJob({
      ...options,
      id: this.#nextId++,
      request,
      numRows: this.#numRows(request),
      onGiveUp: (given, reason) => this.#cancel(given, reason),
      onTimeout: (given) => this.#timeOut(given),
    });
    this.#queue.push(job);
    this.#pump();
    return answer;
  }

  /** Ends the runner as soon as what it works on is done, and resolves when it is gone. What waits gets a new one. */
  unload(reason: UnloadReason): Promise<void> {
    if (!this.hasRunner) return Promise.resolve();
    if (this.#unloading === undefined) {
      let finish = () => {};
      const done = new Promise<void>((resolve) => {
        finish = resolve;
      });
      this.#unloading = { reason, done, finish };
      this.#pump();
    }
    return this.#unloading?.done ?? Promise.resolve();
  }

  /** Refuses what waits and what runs, and resolves when the runner is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#failAll(closedError());
    const runner = this.#runner;
    if (runner !== undefined) {
      await runner.close();
      this.#options.onEvent({ type: 'unloaded', reason: 'closed' });
    }
    this.#runner = undefined;
    this.#unloading?.finish();
  }

  #numRows(request: RunnerRequest): number {
    if (request.task !== 'summarization') return 1;
    const { numBeams = this.#defaultBeams } = request.generation;
    return numBeams ?? 1;
  }

  /** Does whatever can be done now. */
  #pump(): void {
    if (this.#closing !== undefined) return;
    if (this.#unloading !== undefined && this.#mayUnload()) this.#finishUnloading();
    if (this.#queue.length > 0) {
      if (this.#runner === undefined) this.#makeRoomAndStart();
      if (this.#runner?.state === 'ready' && !(this.#unloading !== undefined && this.#runner.hasWorked))
        this.#dispatch(this.#runner);
      else if (this.#runner?.state !== 'ready') this.#noteWaiting();
    }
    const busy = this.#active.size > 0 || this.#queue.length > 0;
    this.#runner?.setBusy(busy);
    this.#watchIdleness(busy);
  }

  /** What was loaded answers something before it makes room. */
  #mayUnload(): boolean {
    if (this.#active.size > 0 || this.#runner?.state === 'loading') return false;
    return this.#queue.length === 0 || this.#runner === undefined || this.#runner.hasWorked;
  }

  #watchIdleness(busy: boolean): void {
    const { keepAliveMs } = this.#options;
    clearTimeout(this.#idleTimer);
    this.lastUsedMs = performance.now();
    if (busy || this.#runner?.state !== 'ready' || keepAliveMs === Infinity) return;
    this.#idleTimer = setTimeout(() => void this.unload('idle'), keepAliveMs).unref();
  }

  #makeRoomAndStart(): void {
    if (this.#starting || this.#ending) return;
    const { makeRoom } = this.#options;
    if (makeRoom === undefined) {
      this.#runner = this.#start();
      return;
    }
    this.#starting = true;
    makeRoom(this).then(
      () => {
        this.#starting = false;
        if (this.#closing !== undefined || this.#runner !== undefined || this.#queue.length === 0) return;
        this.#runner = this.#start();
        this.#pump();
      },
      (error: unknown) => {
        this.#starting = false;
        this.#failAll(error);
      },
    );
  }

  #start(): LiveRunner {
    const { model, numThreads, connect, watchdogMs, logger } = this.#options;
    logger.debug(`starting a runner for ${model.identity.id}`);
    this.#loadStartMs = performance.now();
    const runner = new LiveRunner(connect, {
      onMessage: (from, message) => this.#onMessage(from, message),
      onExit: (from, exit) => this.#onExit(from, exit),
    });
    // After a failed load nothing is prepared ahead: its cause may have been the picture, and then only its own request shall fail.
    const first = this.#failedLoads === 0 ? this.#queue[0] : undefined;
    const ahead = first === undefined ? null : { id: first.id, request: first.request };
    try {
      runner.send({ type: 'load', model, numThreads, first: ahead });
    } catch {
      // A request that cannot be sent fails when its turn comes.
      runner.send({ type: 'load', model, numThreads, first: null });
    }
    runner.watch(watchdogMs * LOAD_WATCHDOG_FACTOR);
    return runner;
  }

  #finishUnloading(): void {
    const unloading = this.#unloading!;
    const runner = this.#runner;
    const { logger, onEvent } = this.#options;
    if (this.#ending) return;
    if (runner === undefined) {
      // It crashed meanwhile.
      this.#unloading = undefined;
      unloading.finish();
      return;
    }
    this.#ending = true;
    this.#runner = undefined;
    clearTimeout(this.#idleTimer);
    logger.debug(`unloading ${this.identity.id} (${unloading.reason})`);
    void runner.close().then(() => {
      this.#ending = false;
      this.#unloading = undefined;
      onEvent({ type: 'unloaded', reason: unloading.reason });
      unloading.finish();
      this.#pump();
    });
  }

  #noteWaiting(): void {
    for (const job of this.#queue) job.waitsSinceMs ??= performance.now();
  }

  #dispatch(runner: LiveRunner): void {
    const taken = this.#queue.splice(0, nextBatch(this.#queue, [...this.#active.values()], this.#limits));
    if (taken.length === 0) return;
    runner.hasWorked = true;
    for (const job of taken) this.#active.set(job.id, job);
    this.#options.onEvent({ type: 'batch', size: taken.length });
    // Only texts gain by being sent together, and only pictures can fail to be sent.
    const groups = this.#limits.joins ? taken.map((job) => [job]) : [taken];
    for (const group of groups) this.#send(runner, group);
  }

  #send(runner: LiveRunner, jobs: readonly Job[]): void {
    try {
      runner.send({ type: 'run', requests: jobs.map(({ id, request }) => ({ id, request })) });
      runner.watch(this.#options.watchdogMs);
    } catch (cause) {
      for (const job of jobs) {
        this.#active.delete(job.id);
        // Only bytes can be taken away; everything else of a request can be sent.
        job.reject(new OnnxPredictError('INVALID_ARGUMENT', 'image: its bytes were taken away before they were read', { cause }));
      }
      this.#pump();
    }
  }

  #onMessage(runner: LiveRunner, message: FromRunner): void {
    if (runner !== this.#runner) return;
    if (message.type === 'loaded') this.#onLoaded(runner, message);
    else if (message.type === 'load-failed') {
      this.#runner = undefined;
      void runner.close();
      this.#giveUp(new OnnxPredictError(message.error.code, message.error.message));
    } else {
      this.#onJobMessage(runner, message);
    }
    this.#pump();
  }

  #onLoaded(runner: LiveRunner, { warnings, numBeams, memoryBytes }: Extract<FromRunner, { type: 'loaded' }>): void {
    const { logger, onEvent } = this.#options;
    runner.state = 'ready';
    runner.memoryBytes = memoryBytes;
    runner.unwatch();
    for (const warning of warnings) logger.warn(`${this.identity.id}: ${warning}`);
    this.#failedLoads = 0;
    this.#defaultBeams = numBeams;
    for (const job of this.#queue) {
      job.numRows = this.#numRows(job.request);
      if (job.waitsSinceMs !== undefined) job.loadMs = performance.now() - job.waitsSinceMs;
    }
    onEvent({ type: 'loaded', loadMs: performance.now() - this.#loadStartMs, memoryBytes });
  }

  #onJobMessage(runner: LiveRunner, message: Extract<FromRunner, { id: number }>): void {
    const job = this.#active.get(message.id);
    if (job === undefined) return;
    if (message.type === 'step') {
      job.begun = true;
      if (message.progress !== undefined) this.#tell(job, message.progress);
    } else {
      this.#active.delete(job.id);
      if (message.type === 'result') {
        runner.memoryBytes = message.memoryBytes;
        job.answer(message.answer);
      } else if (message.type === 'failed') job.reject(new OnnxPredictError(message.error.code, message.error.message));
    }
    if (this.#active.size > 0) runner.watch(this.#options.watchdogMs);
    else runner.unwatch();
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

  #onExit(runner: LiveRunner, exit: RunnerExit): void {
    if (runner !== this.#runner || this.#closing !== undefined) return;
    const { identity } = this.#options.model;
    this.#options.logger.warn(`the runner of ${identity.id} ended: ${runner.killedBecause ?? exit.reason}`);
    this.#options.onEvent({ type: 'crashed', external: isExternal(runner, exit) });
    this.#runner = undefined;
    const carried = [...this.#active.values()];
    this.#active.clear();
    if (runner.state === 'loading') this.#afterFailedLoad(runner, exit);
    else this.#afterCrash(carried, runner, exit);
    this.#pump();
  }

  /** A runner that died while loading carried nothing, so what waits is tried again, but once: its model may be the cause. */
  #afterFailedLoad(runner: LiveRunner, exit: RunnerExit): void {
    this.#failedLoads += 1;
    if (exit.started && runner.killedBecause === undefined && this.#failedLoads < 2) return;
    this.#giveUp(exitError(this.identity.id, runner, exit));
  }

  #afterCrash(carried: readonly Job[], runner: LiveRunner, exit: RunnerExit): void {
    const again = carried.filter((job) => {
      if (job.settled) return false;
      if (!job.begun && !job.requeued) {
        job.requeued = true;
        return true;
      }
      if (carried.length > 1) {
        job.alone = true;
        return true;
      }
      this.#fail(job, runner, exit);
      return false;
    });
    this.#queue.unshift(...again);
  }

  /** Nobody else can have been the cause, unless the runner was ended from outside. */
  #fail(job: Job, runner: LiveRunner, exit: RunnerExit): void {
    const error = exitError(this.identity.id, runner, exit);
    const noted = isExternal(runner, exit) ? undefined : this.#options.crashes.blame(this.identity, job.request);
    // Whoever waits may remove the picture's file once it is told.
    if (noted === undefined) job.reject(error);
    else void noted.then(() => job.reject(error));
  }

  #giveUp(error: OnnxPredictError): void {
    this.#unloadable = error;
    this.#failAll(error);
  }

  #cancel(job: Job, reason: unknown): void {
    const position = this.#queue.indexOf(job);
    if (position >= 0) this.#queue.splice(position, 1);
    else if (this.#active.has(job.id)) this.#runner?.send({ type: 'cancel', id: job.id });
    job.reject(reason);
    this.#pump();
  }

  #timeOut(job: Job): void {
    if (this.#queue.includes(job)) {
      this.#cancel(job, new OnnxPredictError('QUEUE_TIMEOUT', 'The request waited too long for its turn; try again later.'));
    }
  }

  #failAll(error: unknown): void {
    const jobs = [...this.#active.values(), ...this.#queue.splice(0)];
    this.#active.clear();
    for (const job of jobs) job.reject(error);
  }
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('ENGINE_CLOSED', 'The engine was closed.');
}
