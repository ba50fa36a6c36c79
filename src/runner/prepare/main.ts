/** The preparer process: started by the engine, which is its parent; it prepares one model and ends. */
import { constants, setPriority } from 'node:os';
import { reportError } from '../../errors.ts';
import type { FromPreparer, ToPreparer } from '../../protocol.ts';
import { prepareModel } from './prepare-model.ts';

function send(message: FromPreparer): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function prepare({ model, folder }: ToPreparer): Promise<void> {
  try {
    const files = await prepareModel(model, { folder, onStage: (stage) => send({ type: 'stage', stage }) });
    send({ type: 'prepared', files });
  } catch (error) {
    send({ type: 'failed', error: reportError(error) });
  }
}

try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not permitted here; it is a courtesy, not a need.
}
// Ctrl-C reaches the whole foreground group: the parent decides what becomes of the work.
process.on('SIGINT', () => {});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// A listener that stays keeps the channel, and with it this process.
process.on('message', (message: ToPreparer) => void prepare(message));
