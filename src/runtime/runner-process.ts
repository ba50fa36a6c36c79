import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { runnerEnvironment } from '../config.ts';
import type { FromRunner } from '../protocol.ts';
import type { RunnerConnection, RunnerEvents } from './runner-connection.ts';
import { whenGone } from './when-gone.ts';

const MAIN_FILE = fileURLToPath(new URL('../runner/main.js', import.meta.url));
const CLOSE_TIMEOUT_MS = 3000;

/** Starts a runner as a child process of its own: what crashes there crashes nothing here. */
export function startRunnerProcess(events: RunnerEvents): RunnerConnection {
  const child = fork(MAIN_FILE, [], {
    env: runnerEnvironment(),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.on('message', (message: FromRunner) => events.onMessage(message));
  const gone = whenGone(child).then(events.onExit);

  return {
    send(message) {
      // A failing write means that the runner is gone or going; its exit is what gets reported.
      if (child.connected) child.send(message, () => {});
    },
    setBusy(busy) {
      setReferenced(child, busy);
    },
    kill() {
      child.kill('SIGKILL');
    },
    async close() {
      setReferenced(child, true);
      // Without its channel a runner has nothing left to live for.
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** Whether the child, with all that connects it to this process, keeps this process alive. */
function setReferenced(child: ChildProcess, referenced: boolean): void {
  const stderr = child.stderr as Socket | null;
  for (const handle of [child, child.channel, stderr]) {
    if (referenced) handle?.ref();
    else handle?.unref();
  }
}
