import { OnnxPredictError } from '../errors.ts';
import type { AnswerTo, GenerationProgress, LocalModel, RunnerRequest } from '../protocol.ts';
import type { ModelIdentity, ModelStatus, QueueState } from '../schemas.ts';
import { type BatchLimits, batchLimits, nextBatch } from './batch-policy.ts';
import type { CrashLedger } from './crash-ledger.ts';
import { createJob, type HostedAnswer, type Job, type RequestOptions } from './job.ts';
import { type Crash, type JobMessage, RunnerSlot, type RunnerSlotOptions, type UnloadReason } from './runner-slot.ts';

export interface ModelHostOptions extends RunnerSlotOptions {
  /** What it was asked for by: an alias, a folder or a repository. */
  readonly name: string;
  /** Remembers what made runners crash. */
  readonly crashes: CrashLedger;
  /** Resolves when a runner may be started; without one, it always may. */
  readonly makeRoom?: ((host: ModelHost) => Promise<void>) | undefined;
}

/**
 * One model and the queue before it. Hands its runner what can be worked on together. What a dead runner carried is tried once more,
 * each request alone; what was alone fails.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #limits: BatchLimits;
  readonly #slot: RunnerSlot;
  readonly #queue: Job[] = [];
  readonly #active = new Map<number, Job>();
  #nextId = 1;
  /** What a text takes that does not say how many beams it wants. */
  #defaultBeams = 1;
  #closing: Promise<void> | undefined;
  #unloadable: OnnxPredictError | undefined;
  /** When it last had work, by performance.now(). */
  lastUsedMs = performance.now();

  constructor(options: ModelHostOptions) {
    this.#options = options;
    const { model, makeRoom } = options;
    this.#limits = batchLimits(model.task, model.identity.dtype, 'prepared' in model && model.prepared !== null);
    this.#slot = new RunnerSlot(options, {
      first: () => {
        const [job] = this.#queue;
        return job === undefined ? undefined : { id: job.id, request: job.request };
      },
      load: () => ({ numActive: this.#active.size, numQueued: this.#queue.length }),
      onLoaded: ({ numBeams }) => this.#onLoaded(numBeams),
      onJobMessage: (message) => this.#onJobMessage(message),
      onCrash: (crash) => this.#onCrash(crash),
      onUnavailable: (error, forGood) => {
        if (forGood) this.#unloadable = error;
        this.#failAll(error);
      },
      onChange: () => this.#pump(),
      makeRoom: makeRoom === undefined ? undefined : () => makeRoom(this),
    });
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

  get state(): ModelStatus['state'] {
    return this.#unloadable === undefined ? this.#slot.state : 'failed';
  }

  /** Whether there is a process that holds the model, or is loading it. */
  get hasRunner(): boolean {
    return this.#slot.hasRunner;
  }

  /** Resident, as its runner said last; null while it has none. */
  get memoryBytes(): number | null {
    return this.#slot.memoryBytes;
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
    return this.runAll([request], options)[0]!;
  }

  /** Queues requests that come together, so that an idle runner is not handed the first of them alone. */
  runAll<Request extends RunnerRequest>(
    requests: readonly Request[],
    options: RequestOptions = {},
  ): readonly Promise<HostedAnswer<AnswerTo<Request>>>[] {
    const refuse = (reason: unknown) => requests.map(() => Promise.reject(reason));
    if (this.#closing !== undefined) return refuse(closedError());
    if (this.#unloadable !== undefined) return refuse(this.#unloadable);
    if (options.signal?.aborted === true) return refuse(options.signal.reason);
    const queued = requests.map((request) =>
      createJob({
        ...options,
        id: this.#nextId++,
        request,
        numRows: this.#numRows(request),
        onGiveUp: (given, reason) => this.#cancel(given, reason),
        onTimeout: (given) => this.#timeOut(given),
      }),
    );
    this.#queue.push(...queued.map(({ job }) => job));
    this.#pump();
    return queued.map(({ answer }) => answer);
  }

  /** Ends the runner as soon as what it works on is done, and resolves when it is gone. What waits gets a new one. */
  unload(reason: UnloadReason): Promise<void> {
    return this.#slot.unload(reason);
  }

  /** Refuses what waits and what runs, and resolves when the runner is gone. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#failAll(closedError());
      this.#closing = this.#slot.close();
    }
    return this.#closing;
  }

  #numRows(request: RunnerRequest): number {
    if (request.task !== 'summarization') return 1;
    const { numBeams = this.#defaultBeams } = request.generation;
    return numBeams ?? 1;
  }

  /** Does whatever can be done now. */
  #pump(): void {
    if (this.#closing !== undefined) return;
    if (this.#slot.open) this.#dispatch();
    this.#slot.update();
    // Only a load is waited for: what another request works on is its own time in the queue.
    if (this.#slot.state !== 'ready') for (const job of this.#queue) job.waitsSinceMs ??= performance.now();
    this.lastUsedMs = performance.now();
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    const state = this.#slot.state === 'ready' ? 'queued' : 'loading';
    // Who is told may leave, which makes places anew.
    for (let i = 0; i < this.#queue.length; i++) this.#tellQueueState(this.#queue[i]!, { state, place: i + 1 });
  }

  #dispatch(): void {
    const taken = this.#queue.splice(0, nextBatch(this.#queue, [...this.#active.values()], this.#limits));
    if (taken.length === 0) return;
    for (const job of taken) this.#active.set(job.id, job);
    this.#options.onEvent({ type: 'batch', size: taken.length });
    // Only texts gain by being sent together, and only pictures can fail to be sent.
    const groups = this.#limits.joins ? taken.map((job) => [job]) : [taken];
    for (const group of groups) this.#send(group);
  }

  #send(jobs: readonly Job[]): void {
    try {
      this.#slot.send({ type: 'run', requests: jobs.map(({ id, request }) => ({ id, request })) });
    } catch (cause) {
      for (const job of jobs) {
        this.#active.delete(job.id);
        // Only bytes can be taken away; everything else of a request can be sent.
        job.reject(new OnnxPredictError('INVALID_ARGUMENT', 'image: its bytes were taken away before they were read', { cause }));
      }
      this.#pump();
    }
  }

  #onLoaded(numBeams: number): void {
    this.#defaultBeams = numBeams;
    for (const job of this.#queue) {
      job.numRows = this.#numRows(job.request);
      if (job.waitsSinceMs !== undefined) job.loadMs = performance.now() - job.waitsSinceMs;
    }
  }

  #onJobMessage(message: JobMessage): void {
    const job = this.#active.get(message.id);
    if (job === undefined) return;
    if (message.type === 'step') {
      job.begun = true;
      if (job.queueState !== undefined) this.#tellQueueState(job, { state: 'running', place: null });
      if (message.progress !== undefined) this.#tellProgress(job, message.progress);
      return;
    }
    this.#active.delete(job.id);
    if (message.type === 'result') job.answer(message.answer);
    else if (message.type === 'failed') job.reject(new OnnxPredictError(message.error.code, message.error.message));
  }

  #tellProgress(job: Job, progress: GenerationProgress): void {
    const text = job.text.add(progress.text);
    this.#tell(job, () => job.onProgress?.({ ...progress, text }));
  }

  #tellQueueState(job: Job, state: QueueState): void {
    if (job.queueState?.state === state.state && job.queueState.place === state.place) return;
    job.queueState = state;
    this.#tell(job, () => job.onQueueState?.(state));
  }

  /** A listener that throws ends its own request, and nothing else. */
  #tell(job: Job, listen: () => void): void {
    if (job.settled) return;
    try {
      listen();
    } catch (error) {
      this.#cancel(job, error);
    }
  }

  #onCrash(crash: Crash): void {
    const carried = [...this.#active.values()];
    this.#active.clear();
    const again = carried.filter((job) => {
      if (job.settled) return false;
      job.text.restart();
      if (!job.begun && !job.requeued) {
        job.requeued = true;
        return true;
      }
      if (carried.length === 1) {
        this.#fail(job, crash);
        return false;
      }
      job.alone = true;
      return true;
    });
    this.#queue.unshift(...again);
  }

  /** Nobody else can have been the cause, unless the runner was ended from outside. */
  #fail(job: Job, { error, external }: Crash): void {
    if (external) {
      job.reject(error);
      return;
    }
    // Whoever waits may remove the picture's file once it is told.
    void this.#options.crashes.blame(this.identity, job.request).then(() => job.reject(error));
  }

  #cancel(job: Job, reason: unknown): void {
    const position = this.#queue.indexOf(job);
    if (position >= 0) this.#queue.splice(position, 1);
    else if (this.#active.has(job.id)) this.#slot.send({ type: 'cancel', id: job.id });
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
