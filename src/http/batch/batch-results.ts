import type { Context } from 'koa';
import { OnnxPredictError } from '../../errors.ts';
import type { Outcome } from '../../outcomes.ts';
import { toProblem, toSentence } from '../problem.ts';

/** An item that was not answered, as it is told in its place. */
export interface FailedItem {
  readonly error: { readonly code: string; readonly detail: string };
}

/**
 * The items of a batch in their order: each an answer, or why there is none.
 * @throws what all of them failed with, where that was this server's fault: then the whole request failed
 */
export function toResults<Answer, Told>(
  context: Context,
  outcomes: readonly Outcome<Answer>[],
  tell: (answer: Answer) => Told,
): (Told | FailedItem)[] {
  const failures = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
  const faults = failures.filter((error) => toProblem(error).status >= 500);
  if (faults.length === outcomes.length) throw faults[0];
  for (const error of faults) context.app.emit('error', error, context);
  return outcomes.map((outcome) => ('result' in outcome ? tell(outcome.result) : toFailedItem(outcome.error)));
}

function toFailedItem(error: unknown): FailedItem {
  const code = error instanceof OnnxPredictError ? error.code : 'INTERNAL';
  return { error: { code, detail: toSentence(toProblem(error).detail) } };
}
