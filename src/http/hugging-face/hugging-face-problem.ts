import type { Context } from 'koa';
import { OnnxPredictError } from '../../errors.ts';
import { type Problem, toSentence } from '../problem.ts';

/** What passes while others are answered. */
const BUSY: ReadonlySet<string> = new Set(['QUEUE_TIMEOUT', 'MEMORY_EXCEEDED', 'CACHE_BUSY', 'RUNNER_START_FAILED']);

/**
 * Answers with what went wrong, as clients of Hugging Face's inference show it: Python's reads `error`, JavaScript's either. Never
 * with 503, at which the latter asks again without a pause, for ever.
 */
export function answerHuggingFaceProblem(context: Context, { status, detail, headers }: Problem, error: unknown): void {
  const isBusy = error instanceof OnnxPredictError && BUSY.has(error.code);
  const sentence = toSentence(detail);
  context.status = status !== 503 ? status : isBusy ? 429 : 500;
  context.set({ ...headers, 'Content-Type': 'application/json' });
  context.body = JSON.stringify({ error: sentence, detail: sentence });
}
