import cors from '@koa/cors';
import type { Middleware } from 'koa';

const PREFLIGHT_SECONDS = 600;
const EXPOSED_HEADERS = [
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Server-Timing',
  'Traceparent',
  'WWW-Authenticate',
  'X-Request-Id',
];

/** Lets browsers call from the origins on the list, or from all with `*`; from others nothing is said, as without this. */
export function allowOrigins(origins: readonly string[]): Middleware {
  const listed = new Set(origins);
  return cors({
    origin: ({ request }) => (listed.has('*') ? '*' : listed.has(request.get('Origin')) ? request.get('Origin') : ''),
    allowMethods: ['GET', 'HEAD', 'POST'],
    // Which headers a page may send is not limited: who may call is, and a key is in one of them.
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  });
}
