import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { runnerEnvironment } from '../config.ts';
import type { FromRunner } from '../protocol.ts';
import type { RunnerConnection, RunnerEvents, RunnerExit } from './runner-connection.ts';

const MAIN_FILE = fileURLToPath(new URL('../runner/main.js', import.meta.url));
const MAX_STDERR_CHARACTERS = 2000;
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

/** Resolves when the process has ended and everything that it sent and wrote has been read. */
function whenGone(child: ChildProcess): Promise<RunnerExit> {
  let stderrTail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    stderrTail = (stderrTail + text).slice(-MAX_STDERR_CHARACTERS);
  });
  // The child's own `close` event never comes where this side has closed the channel, so its parts are awaited one by one.
  const stderrRead = new Promise<void>((resolve) => child.stderr?.once('close', () => resolve()));
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', () => resolve()));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ started: false, reason: error.message, signal: null });
    });
    child.once('exit', async (code, signal) => {
      await Promise.all([stderrRead, disconnected]);
      const ending = signal === null ? `exit status ${code}` : `signal ${signal}`;
      resolve({ started: true, reason: stderrTail === '' ? ending : `${ending}: ${stderrTail.trim()}`, signal });
    });
  });
}
