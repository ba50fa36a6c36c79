import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runnerEnvironment } from '../config.ts';
import type { FromPreparer, PreparedFiles, ToPreparer } from '../protocol.ts';
import { whenGone } from './when-gone.ts';

/** How a preparer is followed and stopped. */
export interface PreparerOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onStage: (stage: string) => void;
}

/** Starts a preparer, which waits for its message; with a channel, and a pipe for its stderr. */
export type StartPreparer = () => ChildProcess;

const MAIN_FILE = fileURLToPath(new URL('../runner/prepare/main.js', import.meta.url));
/** A timer that fires so much too late says nothing of the preparer. */
const LATE_MS = 1000;
const CLOSE_TIMEOUT_MS = 3000;

/** Starts the preparer as a child process of its own: some graphs crash whoever saves or loads them. */
function startPreparerProcess(): ChildProcess {
  return fork(MAIN_FILE, [], {
    env: runnerEnvironment(),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/**
 * Has a model's graphs prepared by a process that ends with it. When this settles the process is gone, and nothing is written any more.
 * @throws Error saying what went wrong; the signal's reason once it is aborted
 */
export async function runPreparer(
  request: Omit<ToPreparer, 'type'>,
  { signal, timeoutMs, onStage }: PreparerOptions,
  start: StartPreparer = startPreparerProcess,
): Promise<PreparedFiles> {
  signal.throwIfAborted();
  const child = start();
  const gone = whenGone(child);
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  let timedOut = false;
  const stopTimer = startTimer(timeoutMs, () => {
    timedOut = true;
    kill();
  });
  try {
    const answer = new Promise<PreparedFiles>((resolve, reject) => {
      child.on('message', (message: FromPreparer) => {
        if (message.type === 'stage') onStage(message.stage);
        else if (message.type === 'prepared') resolve(message.files);
        else reject(new Error(message.error.message));
      });
      void gone.then(({ reason }) => reject(new Error(`the preparer ended: ${reason}`)));
    });
    // A failing write means that the child is gone or going; its exit is what gets reported.
    child.send({ type: 'prepare', ...request } satisfies ToPreparer, () => {});
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    if (timedOut) throw new Error(`the preparer was not done after ${Math.round(timeoutMs / 1000)} s`, { cause: error });
    throw error;
  } finally {
    stopTimer();
    signal.removeEventListener('abort', kill);
    // Without its channel a preparer has nothing left to live for.
    if (child.connected) child.disconnect();
    const timer = setTimeout(kill, CLOSE_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }
}

/** @returns what stops it */
function startTimer(delayMs: number, onTimeout: () => void): () => void {
  let timer: NodeJS.Timeout;
  const start = () => {
    const startMs = performance.now();
    timer = setTimeout(() => {
      // This process was itself stopped (Ctrl-Z, a suspended machine), and the preparer with it.
      if (performance.now() - startMs > delayMs + LATE_MS) start();
      else onTimeout();
    }, delayMs);
  };
  start();
  return () => clearTimeout(timer);
}
