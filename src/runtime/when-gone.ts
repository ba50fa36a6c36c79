import type { ChildProcess } from 'node:child_process';
import type { RunnerExit } from './runner-connection.ts';

const MAX_STDERR_CHARACTERS = 2000;

/** Resolves when the process has ended and everything that it sent and wrote has been read. */
export function whenGone(child: ChildProcess): Promise<RunnerExit> {
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
