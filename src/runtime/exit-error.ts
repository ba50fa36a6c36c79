import { OnnxPredictError } from '../errors.ts';
import type { LiveRunner } from './live-runner.ts';
import type { RunnerExit } from './runner-connection.ts';

/** Signals that no instruction of a program raises: an operator, the system's memory killer or a supervisor sent them. */
const EXTERNAL_SIGNALS: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

/** Whether something else than its work ended a runner. */
export function isExternal({ killedBecause }: Pick<LiveRunner, 'killedBecause'>, { signal }: RunnerExit): boolean {
  return killedBecause === undefined && signal !== null && EXTERNAL_SIGNALS.has(signal);
}

/** What a request is told whose runner ended. */
export function exitError(
  modelId: string,
  { state, killedBecause }: Pick<LiveRunner, 'state' | 'killedBecause'>,
  exit: RunnerExit,
): OnnxPredictError {
  const cause = new Error(exit.reason);
  const [how] = exit.reason.split('\n', 1);
  const when = state === 'loading' ? 'while it loaded the model' : 'while it worked on this request';
  if (!exit.started) {
    return new OnnxPredictError('RUNNER_START_FAILED', `No runner could be started for ${modelId}: ${how}.`, { cause });
  }
  if (killedBecause !== undefined) {
    const message = `The runner of ${modelId} was ended ${when}: ${killedBecause}.`;
    return new OnnxPredictError('RUNNER_UNRESPONSIVE', message, { cause });
  }
  const message = `The runner of ${modelId} ended ${when} (${how}); the next request starts a new one.`;
  return new OnnxPredictError('RUNNER_CRASHED', message, { cause });
}
