import type { Engine, EngineOptions } from '../engine.ts';
import type { Terminal } from './terminal.ts';

/** What the commands need of the program around them. */
export interface CommandDependencies {
  readonly terminal: Terminal;
  /** `oneShot`: for a single brief answer, after which the process ends. */
  readonly createEngine: (options: EngineOptions, use: { readonly oneShot: boolean }) => Promise<Engine>;
  /** Aborted when the user or the system wants the command to end. */
  readonly signal: AbortSignal;
  /** Says that ending at the signal was this command's regular end: the exit status is then its own. */
  readonly acceptSignal: () => void;
  readonly setExitStatus: (status: number) => void;
}
