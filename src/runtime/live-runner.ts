import type { FromRunner, ToRunner } from '../protocol.ts';
import type { ConnectRunner, RunnerConnection, RunnerExit } from './runner-connection.ts';

interface LiveRunnerEvents {
  onMessage(runner: LiveRunner, message: FromRunner): void;
  onExit(runner: LiveRunner, exit: RunnerExit): void;
}

/** A timer that fires so much too late says nothing of the runner. */
const LATE_MS = 1000;

/** One started runner, from its load to its end, and the watchdog over it. */
export class LiveRunner {
  readonly #connection: RunnerConnection;
  #watchdog: NodeJS.Timeout | undefined;
  #killedBecause: string | undefined;
  state: 'loading' | 'ready' = 'loading';
  /** It was handed a request. */
  hasWorked = false;
  /** As it said last. */
  memoryBytes: number | null = null;

  constructor(connect: ConnectRunner, events: LiveRunnerEvents) {
    this.#connection = connect({
      onMessage: (message) => events.onMessage(this, message),
      onExit: (exit) => {
        this.unwatch();
        events.onExit(this, exit);
      },
    });
  }

  /** Why the watchdog killed it, if it did. */
  get killedBecause(): string | undefined {
    return this.#killedBecause;
  }

  send(message: ToRunner): void {
    this.#connection.send(message);
  }

  setBusy(busy: boolean): void {
    this.#connection.setBusy(busy);
  }

  close(): Promise<void> {
    this.unwatch();
    return this.#connection.close();
  }

  /** Kills it unless it is watched anew, or no longer, within this time. */
  watch(delayMs: number): void {
    this.unwatch();
    const startMs = performance.now();
    this.#watchdog = setTimeout(() => {
      // This process was itself stopped (Ctrl-Z, a suspended machine), and the runner with it.
      if (performance.now() - startMs > delayMs + LATE_MS) return this.watch(delayMs);
      this.#killedBecause = `it gave no sign of life for ${Math.round(delayMs / 1000)} s`;
      this.#connection.kill();
    }, delayMs).unref();
  }

  unwatch(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }
}
