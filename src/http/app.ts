import Koa, { type Middleware } from 'koa';
import type { Engine } from '../engine.ts';
import type { Route } from './route.ts';
import type { ServerSettings } from './server-settings.ts';

export interface AppOptions {
  readonly engine: Engine;
  readonly settings: ServerSettings;
  readonly routes: readonly Route[];
  readonly middlewares: readonly Middleware[];
}

/** A stand-in. */
export function createApp({ routes, middlewares }: AppOptions): Koa {
  const app = new Koa();
  for (const middleware of middlewares) app.use(middleware);
  app.use(async (context) => {
    const method = context.method === 'HEAD' ? 'GET' : context.method;
    const route = routes.find((route) => route.method === method && route.path === context.path);
    if (route === undefined) {
      context.status = 404;
      context.body = { detail: 'Not Found' };
    } else await route.handle(context);
  });
  return app;
}
