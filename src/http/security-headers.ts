import type { Context, Next } from 'koa';

/** For answers that are no pages; a page sets a policy of its own. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** What every answer tells a browser. */
export function setSecurityHeaders(context: Context, next: Next): Promise<void> {
  context.set({
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  return next();
}
