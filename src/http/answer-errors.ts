import type { Context, Middleware } from 'koa';
import { answerProblem } from './answer-problem.ts';
import { toProblem } from './problem.ts';
import { ClientGone } from './refusal.ts';

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
    answerProblem(context, problem);
    if (problem.status >= 500) context.app.emit('error', error, context);
  }
};
