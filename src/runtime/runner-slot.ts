import { OnnxPredictError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { FromRunner, LocalModel, QueuedRequest, ToRunner } from '../protocol.ts';
import type { Device, EngineEvent, ModelStatus } from '../schemas.ts';
import { exitError, isExternal } from './exit-error.ts';
import { LiveRunner } from './live-runner.ts';
import type { ConnectRunner, RunnerExit } from './runner-connection.ts';

export interface RunnerSlotOptions {
  readonly model: LocalModel;
  readonly numThreads: number;
  readonly device: Device;
  /** A runner from which nothing is heard for this long while it works is killed. */
  readonly watchdogMs: number;
  /** A runner without work for this long is ended; Infinity: never. */
  readonly keepAliveMs: number;
  readonly connect: ConnectRunner;
  readonly logger: Logger;
  readonly onEvent: (event: HostEvent) => void;
}

type OfType<Event, Type> = Event extends { readonly type: Type } ? Omit<Event, 'task' | 'name'> : never;
/** What happens to a model, without its name. */
export type HostEvent = OfType<EngineEvent, 'batch' | 'loaded' | 'unloaded' | 'crashed'>;
export type UnloadReason = Extract<HostEvent, { type: 'unloaded' }>['reason'];
type Loaded = Extract<FromRunner, { type: 'loaded' }>;
export type JobMessage = Extract<FromRunner, { id: number }>;

/** Why a runner that had loaded its model is gone. */
export interface Crash {
  readonly error: OnnxPredictError;
  /** Something else than its work ended it. */
  readonly external: boolean;
}

/** What the slot tells, and asks, its owner. */
interface RunnerSlotOwner {
  /** What is to be done first, while the model loads. */
  first(): QueuedRequest | undefined;
  /** Whether the runner has work, or there is some for it. */
  load(): { readonly numActive: number; readonly numQueued: number };
  onLoaded(loaded: Loaded): void;
  onJobMessage(message: JobMessage): void;
  onCrash(crash: Crash): void;
  /** No runner can be had: not now (`forGood` false: there is no room), or not from these files. */
  onUnavailable(error: OnnxPredictError, forGood: boolean): void;
  /** Something changed: there may be something to do. */
  onChange(): void;
  /** Resolves when a runner may be started; without one, it always may. */
  readonly makeRoom?: (() => Promise<void>) | undefined;
}

/** An unloading that waits for what the runner works on. */
interface Unloading {
  readonly reason: UnloadReason;
  readonly done: Promise<void>;
  readonly finish: () => void;
}

/** Loading is one native call without any sign of life, and from a slow disk it may take minutes. */
const LOAD_WATCHDOG_FACTOR = 5;

/** The place of one model's runner: it is started when it is wanted, again after a crash, and ended when nobody asks. */
export class RunnerSlot {
  readonly #options: RunnerSlotOptions;
  readonly #owner: RunnerSlotOwner;
  #runner: LiveRunner | undefined;
  /** It waits for room in memory. */
  #starting = false;
  /** Its last runner still holds memory: none is started beside it. */
  #ending = false;
  /** How many runners in a row ended while they loaded. */
  #failedLoads = 0;
  #loadStartMs = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #unloading: Unloading | undefined;
  #closed = false;

  constructor(options: RunnerSlotOptions, owner: RunnerSlotOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  get state(): Exclude<ModelStatus['state'], 'failed'> {
    if (this.#runner === undefined) return this.#starting ? 'loading' : 'unloaded';
    return this.#runner.state;
  }

  /** Resident, as the runner said last; null while there is none. */
  get memoryBytes(): number | null {
    return this.#runner?.memoryBytes ?? null;
  }

  /** Whether there is a process that holds the model, or is loading it. */
  get hasRunner(): boolean {
    return this.#runner !== undefined || this.#ending;
  }

  /** The runner if it may be handed work: it is loaded, and not about to make room. */
  get open(): boolean {
    const runner = this.#runner;
    return runner?.state === 'ready' && !(this.#unloading !== undefined && runner.hasWorked);
  }

  /** Hands work over; throws if it cannot be sent. */
  send(message: Extract<ToRunner, { type: 'run' | 'cancel' }>): void {
    const runner = this.#runner;
    if (runner === undefined) return;
    if (message.type === 'run') runner.hasWorked = true;
    runner.send(message);
    if (message.type === 'run') runner.watch(this.#options.watchdogMs);
  }

  /** Does what follows from the owner's load: starts a runner, ends it, waits. */
  update(): void {
    if (this.#closed) return;
    if (this.#unloading !== undefined && this.#mayUnload()) this.#finishUnloading(this.#unloading);
    const { numActive, numQueued } = this.#owner.load();
    if (numQueued > 0 && this.#runner === undefined) this.#makeRoomAndStart();
    const busy = numActive + numQueued > 0;
    this.#runner?.setBusy(busy);
    clearTimeout(this.#idleTimer);
    const { keepAliveMs } = this.#options;
    if (busy || this.#runner?.state !== 'ready' || keepAliveMs === Infinity) return;
    this.#idleTimer = setTimeout(() => void this.unload('idle'), keepAliveMs).unref();
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
      this.#owner.onChange();
      return done;
    }
    return this.#unloading.done;
  }

  /** Ends the runner, whatever it does, and resolves when it is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    const runner = this.#runner;
    if (runner !== undefined) {
      await runner.close();
      this.#options.onEvent({ type: 'unloaded', reason: 'closed' });
    } else if (this.#ending) await this.#unloading?.done;
    this.#runner = undefined;
    this.#unloading?.finish();
  }

  /** What was loaded answers something before it makes room. */
  #mayUnload(): boolean {
    const { numActive, numQueued } = this.#owner.load();
    if (this.#ending || numActive > 0 || this.#runner?.state === 'loading') return false;
    return numQueued === 0 || this.#runner === undefined || this.#runner.hasWorked;
  }

  #finishUnloading(unloading: Unloading): void {
    const runner = this.#runner;
    const { logger, onEvent, model } = this.#options;
    const finish = () => {
      this.#unloading = undefined;
      unloading.finish();
    };
    // It may have crashed meanwhile.
    if (runner === undefined) {
      finish();
      return;
    }
    this.#ending = true;
    this.#runner = undefined;
    clearTimeout(this.#idleTimer);
    logger.debug(`unloading ${model.identity.id} (${unloading.reason})`);
    void runner.close().then(() => {
      this.#ending = false;
      onEvent({ type: 'unloaded', reason: unloading.reason });
      finish();
      this.#owner.onChange();
    });
  }

  #makeRoomAndStart(): void {
    if (this.#starting || this.#ending) return;
    if (this.#owner.makeRoom === undefined) {
      this.#runner = this.#start();
      return;
    }
    this.#starting = true;
    this.#owner.makeRoom().then(
      () => {
        this.#starting = false;
        if (this.#closed || this.#runner !== undefined || this.#owner.load().numQueued === 0) return;
        this.#runner = this.#start();
        this.#owner.onChange();
      },
      (error: OnnxPredictError) => {
        this.#starting = false;
        this.#owner.onUnavailable(error, false);
      },
    );
  }

  #start(): LiveRunner {
    const { model, numThreads, device, connect, watchdogMs, logger } = this.#options;
    logger.debug(`starting a runner for ${model.identity.id}`);
    this.#loadStartMs = performance.now();
    const runner = new LiveRunner(connect, {
      onMessage: (from, message) => this.#onMessage(from, message),
      onExit: (from, exit) => this.#onExit(from, exit),
    });
    // After a failed load nothing is prepared ahead: its cause may have been the picture, and then only its own request shall fail.
    const first = this.#failedLoads === 0 ? (this.#owner.first() ?? null) : null;
    try {
      runner.send({ type: 'load', model, numThreads, device, first });
    } catch {
      // A request that cannot be sent fails when its turn comes.
      runner.send({ type: 'load', model, numThreads, device, first: null });
    }
    runner.watch(watchdogMs * LOAD_WATCHDOG_FACTOR);
    return runner;
  }

  #onMessage(runner: LiveRunner, message: FromRunner): void {
    if (runner !== this.#runner) return;
    if (message.type === 'loaded') this.#onLoaded(runner, message);
    else if (message.type === 'load-failed') {
      this.#runner = undefined;
      void runner.close();
      this.#owner.onUnavailable(new OnnxPredictError(message.error.code, message.error.message), true);
    } else {
      if (message.type === 'result') runner.memoryBytes = message.memoryBytes;
      this.#owner.onJobMessage(message);
      if (this.#owner.load().numActive > 0) runner.watch(this.#options.watchdogMs);
      else runner.unwatch();
    }
    // A step, of which there are many, leaves the queue as it is.
    if (message.type !== 'step') this.#owner.onChange();
  }

  #onLoaded(runner: LiveRunner, loaded: Loaded): void {
    const { logger, model, onEvent } = this.#options;
    const { warnings, memoryBytes } = loaded;
    runner.state = 'ready';
    runner.memoryBytes = memoryBytes;
    runner.unwatch();
    this.#failedLoads = 0;
    for (const warning of warnings) logger.warn(`${model.identity.id}: ${warning}`);
    this.#owner.onLoaded(loaded);
    onEvent({ type: 'loaded', loadMs: performance.now() - this.#loadStartMs, memoryBytes });
  }

  #onExit(runner: LiveRunner, exit: RunnerExit): void {
    if (runner !== this.#runner || this.#closed) return;
    const { model, logger, onEvent } = this.#options;
    logger.warn(`the runner of ${model.identity.id} ended: ${runner.killedBecause ?? exit.reason}`);
    const external = isExternal(runner, exit);
    onEvent({ type: 'crashed', external });
    this.#runner = undefined;
    const error = exitError(model.identity.id, runner, exit);
    if (runner.state === 'ready') this.#owner.onCrash({ error, external });
    else this.#afterFailedLoad(error, exit.started && runner.killedBecause === undefined);
    this.#owner.onChange();
  }

  /** A runner that died while loading carried nothing, so what waits is tried again, but once: its model may be the cause. */
  #afterFailedLoad(error: OnnxPredictError, mayTryAgain: boolean): void {
    this.#failedLoads += 1;
    if (!mayTryAgain || this.#failedLoads >= 2) this.#owner.onUnavailable(error, true);
  }
}
