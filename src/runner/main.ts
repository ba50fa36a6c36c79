/** The runner process: started by the engine, which is its parent and holds the other end of its channel. */
import { constants, setPriority } from 'node:os';
import type { FromRunner, ToRunner } from '../protocol.ts';
import { createRunner } from './runner.ts';

function send(message: FromRunner): void {
  // The parent may be gone between two steps; the disconnect that follows ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

try {
  // The process that answers users keeps its core while this one computes.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not permitted here; it is a courtesy, not a need.
}
// Ctrl-C reaches the whole foreground group: the parent decides what becomes of the work, and its end ends this process.
process.on('SIGINT', () => {});
const runner = createRunner(send);
process.on('message', (message: ToRunner) => runner.receive(message));
process.once('disconnect', () => void runner.close());
