import type { Context } from 'koa';

/** Answers with JSON, typed as FastAPI types it: without a charset, which JSON has none of (RFC 8259). */
export function answerJson(context: Context, status: number, value: unknown): void {
  context.status = status;
  context.set('Content-Type', 'application/json');
  context.body = JSON.stringify(value);
}
