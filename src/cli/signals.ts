/** Signals of a command that has something to clean up. */
export interface CaughtSignals {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** Leaves signals to the system again. */
  release(): void;
  /** The command has done what the signal asks for: it was its way to end, not its interruption. */
  accept(): void;
  /** Ends this process by the signal that came, if one came, so that its parent sees how it ended. */
  reraise(): void;
}

const CAUGHT = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Catches the first signal that asks this process to end; a second one ends it at once, as if none had been caught. */
export function catchSignals(target: NodeJS.Process): CaughtSignals {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const release = () => {
    for (const name of CAUGHT) target.off(name, onSignal);
  };
  function onSignal(name: NodeJS.Signals): void {
    received = name;
    release();
    controller.abort();
  }
  for (const name of CAUGHT) target.on(name, onSignal);
  return {
    signal: controller.signal,
    release,
    accept() {
      received = undefined;
    },
    reraise() {
      release();
      if (received !== undefined) target.kill(target.pid, received);
    },
  };
}
