import type { Context, Middleware } from 'koa';
import { answerProblem } from './answer-problem.ts';
import { answerEngineProblem } from './engine-api/engine-problem.ts';
import { answerHuggingFaceProblem } from './hugging-face/hugging-face-problem.ts';
import { answerOpenInferenceProblem } from './open-inference/open-inference-problem.ts';
import { type Problem, toProblem } from './problem.ts';
import { ClientGone } from './refusal.ts';
import { parseTarget } from './request-target.ts';

/** As nginx says it in its logs, to nobody: the connection is closed. */
const CLIENT_CLOSED_REQUEST = 499;

/** Answers what went wrong; the application hears of it as `error` only where the fault is on this side. */
export const answerErrors: Middleware = async (context: Context, next) => {
  try {
    await next();
  } catch (error) {
    if (error instanceof ClientGone) {
      context.status = CLIENT_CLOSED_REQUEST;
      context.respond = false;
      context.res.destroy();
      return;
    }
    const problem = toProblem(error);
    answerInDialect(context, problem, error);
    if (problem.status >= 500) context.app.emit('error', error, context);
  }
};

/** By the path, so that also what is refused before any route is told as the client of that dialect expects it. */
function answerInDialect(context: Context, problem: Problem, error: unknown): void {
  const [, room] = parseTarget(context.req.url ?? '').path.split('/', 2);
  if (room === 'models') answerHuggingFaceProblem(context, problem, error);
  else if (room === 'engine') answerEngineProblem(context, problem, error);
  else if (room === 'v2') answerOpenInferenceProblem(context, problem);
  else answerProblem(context, problem);
}
