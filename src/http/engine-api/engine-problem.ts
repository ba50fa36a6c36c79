import type { Context } from 'koa';
import { OnnxPredictError } from '../../errors.ts';
import { type Problem, toSentence } from '../problem.ts';

/** Answers with what went wrong as `--json` of the command line does: a code for programs, null for what is no error of the engine, and a sentence. */
export function answerEngineProblem(context: Context, { status, detail, headers }: Problem, error: unknown): void {
  const code = error instanceof OnnxPredictError ? error.code : null;
  context.status = status;
  context.set({ ...headers, 'Content-Type': 'application/json' });
  context.body = JSON.stringify({ error: { code, message: toSentence(detail) } });
}
