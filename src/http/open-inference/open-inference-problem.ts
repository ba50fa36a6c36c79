import type { Context } from 'koa';
import { type Problem, toSentence } from '../problem.ts';

/** Answers with what went wrong, as the Open Inference Protocol has it. */
export function answerOpenInferenceProblem(context: Context, { status, detail, headers }: Problem): void {
  context.status = status;
  context.set({ ...headers, 'Content-Type': 'application/json' });
  context.body = JSON.stringify({ error: toSentence(detail) });
}
