import type { FromRunner, ToRunner } from '../protocol.ts';

/** How a runner ended. */
export interface RunnerExit {
  /** False if there never was a process. */
  readonly started: boolean;
  /** In a few words, then what it wrote to stderr: `signal SIGSEGV`, `exit status 1: …`. */
  readonly reason: string;
  /** What ended it, if a signal did. */
  readonly signal: NodeJS.Signals | null;
}

/** What a connection tells the model host that holds it. */
export interface RunnerEvents {
  onMessage(message: FromRunner): void;
  /** The runner is gone. Called once. */
  onExit(exit: RunnerExit): void;
}

/** The engine's end of a channel to one runner, wherever that runs. */
export interface RunnerConnection {
  send(message: ToRunner): void;
  /** While work is under way the runner keeps this process alive; an idle one does not. */
  setBusy(busy: boolean): void;
  /** Ends the runner at once, whatever it does. Does nothing where it cannot be done. */
  kill(): void;
  /** Ends the runner and resolves when it is gone, by force if it does not end by itself. */
  close(): Promise<void>;
}

export type ConnectRunner = (events: RunnerEvents) => RunnerConnection;
