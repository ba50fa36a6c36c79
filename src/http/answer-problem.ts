import type { Context } from 'koa';
import { stringifyEcho } from './echo.ts';
import type { Problem } from './problem.ts';
import type { ProblemDetail, ValidationIssue } from './refusal.ts';

/** Answers with what went wrong, in FastAPI's shape. */
export function answerProblem(context: Context, { status, detail, headers }: Problem): void {
  context.status = status;
  context.set({ ...headers, 'Content-Type': 'application/json' });
  context.body = `{"detail":${stringifyDetail(detail)}}`;
}

function stringifyDetail(detail: ProblemDetail): string {
  return typeof detail === 'string' ? JSON.stringify(detail) : `[${detail.map(stringifyIssue).join(',')}]`;
}

function stringifyIssue({ type, loc, msg, input, ctx }: ValidationIssue): string {
  const known = JSON.stringify({ type, loc, msg }).slice(0, -1);
  return `${known},"input":${stringifyEcho(input)}${ctx === undefined ? '' : `,"ctx":${JSON.stringify(ctx)}`}}`;
}
