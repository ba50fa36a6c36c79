import { randomUUID } from 'node:crypto';
import type { Middleware } from 'koa';
import { requestState } from '../request-state.ts';

export const REQUEST_ID_HEADER = 'x-request-id';

/** What is taken over from a client: it gets into logs and headers. */
const ACCEPTED = /^[A-Za-z0-9._:-]{1,128}$/;

/** Gives every request an id, the client's own if it is a harmless one, and every answer the same. */
export const assignRequestId: Middleware = (context, next) => {
  const given = context.get(REQUEST_ID_HEADER);
  const requestId = ACCEPTED.test(given) ? given : randomUUID();
  requestState(context).requestId = requestId;
  context.set(REQUEST_ID_HEADER, requestId);
  return next();
};
