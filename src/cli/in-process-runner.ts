import type { ToRunner } from '../protocol.ts';
import type { Runner } from '../runner/runner.ts';
import type { RunnerConnection, RunnerEvents } from '../runtime/runner-connection.ts';

/**
 * Runs the runner's code in this process: for a command that answers once and ends, where a second process would only cost its
 * start. What crashes here takes the command with it, and nothing can end it but the end of the process.
 */
export function startRunnerHere(events: RunnerEvents): RunnerConnection {
  // Loading native code takes longer than anything else here, so it starts at once and messages wait for it.
  const runner: Promise<Runner | undefined> = import('../runner/runner.ts').then(
    ({ createRunner }) => createRunner(events.onMessage),
    (error: unknown) => {
      events.onExit({ started: false, reason: error instanceof Error ? error.message : String(error), signal: null });
      return undefined;
    },
  );
  return {
    send(message: ToRunner) {
      void runner.then((it) => it?.receive(message));
    },
    setBusy() {},
    kill() {},
    async close() {
      await (await runner)?.close();
    },
  };
}
