import cors from '@koa/cors';
import type { Middleware } from 'koa';

const PREFLIGHT_SECONDS = 600;

/** Lets browsers call from the origins on the list, or from all with `*`; from others nothing is said, as without this. */
export function allowOrigins(origins: readonly string[]): Middleware {
  const listed = new Set(origins);
  return cors({
    origin: ({ request }) => (listed.has('*') ? '*' : listed.has(request.get('Origin')) ? request.get('Origin') : ''),
    allowMethods: ['GET', 'HEAD', 'POST'],
    exposeHeaders: ['Retry-After', 'Server-Timing', 'X-Request-Id'],
    maxAge: PREFLIGHT_SECONDS,
  });
}
