import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { fillPath, matchPath, toRouterPath } from './path-pattern.ts';
import { Refusal } from './refusal.ts';
import { parseTarget } from './request-target.ts';
import type { Route } from './route.ts';

const TEMPORARY_REDIRECT = 307;

/**
 * Hands requests to their routes as Starlette does: paths match exactly, after they were percent-decoded; a path that another
 * trailing slash would make match is redirected to it; a method that a path does not have is 405. Other than there, GET answers HEAD.
 */
export function createRouting(routes: readonly Route[]): readonly Middleware[] {
  const router = new Router({ strict: true, sensitive: true });
  for (const { method, path, handle } of routes) {
    router.register(toRouterPath(path), [method], async (context) => {
      // The router's own would be decoded once more.
      await handle(context, matchPath(path, parseTarget(context.req.url ?? '').path) ?? {});
    });
  }
  const decodePath: Middleware = (context, next) => {
    checkHost(context);
    (context as Context & { newRouterPath?: string }).newRouterPath = parseTarget(context.req.url ?? '').path;
    return next();
  };
  return [decodePath, router.routes() as unknown as Middleware, answerUnmatched(routes)];
}

function answerUnmatched(routes: readonly Route[]): Middleware {
  const at = (path: string) => routes.filter((route) => matchPath(route.path, path) !== undefined);
  return (context) => {
    const { path, queryString } = parseTarget(context.req.url ?? '');
    const others = at(path);
    if (others.length > 0) throw new Refusal(405, 'Method Not Allowed', { Allow: allowedMethods(others) });
    const target = path.endsWith('/') ? path.replace(/\/+$/, '') : `${path}/`;
    const [route] = at(target);
    if (path === '/' || route === undefined) throw new Refusal(404, 'Not Found');
    context.status = TEMPORARY_REDIRECT;
    // Relative, and a path of the table: neither the Host header nor the request's own spelling gets into it.
    const location = fillPath(route.path, matchPath(route.path, target) ?? {});
    context.set('Location', queryString === '' ? location : `${location}?${escapeQuery(queryString)}`);
    context.body = '';
    context.remove('Content-Type');
  };
}

/** The documented routes say what FastAPI says, though they answer HEAD; the pages beside them do as Starlette's. */
function allowedMethods(routes: readonly Route[]): string {
  return routes
    .flatMap(({ method, documentation }) => (method === 'GET' && documentation === null ? ['GET', 'HEAD'] : [method]))
    .join(', ');
}

function escapeQuery(queryString: string): string {
  return queryString.replace(/[^\x21-\x7e]|["<>\\^`{|}]/g, (character) => encodeURIComponent(character));
}

/** Two Host headers are two opinions of whom the request is for (RFC 9112, 3.2). */
function checkHost({ req }: Context): void {
  const numHosts = req.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (numHosts > 1) throw new Refusal(400, 'A request has one Host header.');
}
