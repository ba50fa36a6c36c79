import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Guard } from './access/guard.ts';
import { fillPath, matchPath, toRouterPath } from './path-pattern.ts';
import { Refusal } from './refusal.ts';
import { requestState } from './request-state.ts';
import { parseTarget } from './request-target.ts';
import type { Route } from './route.ts';

const TEMPORARY_REDIRECT = 307;

export interface RoutingOptions {
  /** Asked before each route. */
  readonly guard?: Guard | undefined;
  /** What a proxy puts before every path, and perhaps leaves there. */
  readonly rootPath?: string;
}

/**
 * Hands requests to their routes as Starlette does: paths match exactly, after they were percent-decoded; a path that another
 * trailing slash would make match is redirected to it; a method that a path does not have is 405. Other than there, GET answers HEAD.
 */
export function createRouting(routes: readonly Route[], { guard, rootPath = '' }: RoutingOptions = {}): readonly Middleware[] {
  const router = new Router({ strict: true, sensitive: true });
  for (const route of routes) {
    router.register(toRouterPath(route.path), [route.method], async (context) => {
      // The log and the metrics know which route it was, refusals included.
      requestState(context).route = route.path;
      await guard?.(context, route);
      // The router's own parameters would be decoded once more.
      await route.handle(context, matchPath(route.path, requestState(context).path ?? '') ?? {});
    });
  }
  const isKnown = (path: string) => router.match(path, '').path.length > 0;
  const decodePath: Middleware = (context, next) => {
    checkHost(context);
    const { path } = parseTarget(context.req.url ?? '');
    const ownPath = rootPath === '' || isKnown(path) ? path : withoutRoot(path, rootPath);
    requestState(context).path = ownPath;
    (context as Context & { newRouterPath?: string }).newRouterPath = ownPath;
    return next();
  };
  return [decodePath, router.routes() as unknown as Middleware, answerUnmatched(routes, rootPath)];
}

function withoutRoot(path: string, rootPath: string): string {
  if (path === rootPath) return '/';
  return path.startsWith(`${rootPath}/`) ? path.slice(rootPath.length) : path;
}

function answerUnmatched(routes: readonly Route[], rootPath: string): Middleware {
  const at = (path: string) => routes.filter((route) => matchPath(route.path, path) !== undefined);
  return (context) => {
    const { queryString } = parseTarget(context.req.url ?? '');
    const path = requestState(context).path ?? '';
    const others = at(path);
    if (others.length > 0) throw new Refusal(405, 'Method Not Allowed', { Allow: allowedMethods(others) });
    const target = path.endsWith('/') ? path.replace(/\/+$/, '') : `${path}/`;
    const [route] = at(target);
    if (path === '/' || route === undefined) throw new Refusal(404, 'Not Found');
    context.status = TEMPORARY_REDIRECT;
    // Relative, and a path of the table: neither the Host header nor the request's own spelling gets into it.
    const location = rootPath + fillPath(route.path, matchPath(route.path, target) ?? {});
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

/** Two Host headers are two opinions of whom the request is for, and only HTTP/1.0 does without one (RFC 9112, 3.2). */
function checkHost({ req }: Context): void {
  const numHosts = req.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (numHosts > 1 || (numHosts === 0 && req.httpVersion === '1.1')) throw new Refusal(400, 'A request has one Host header.');
}
