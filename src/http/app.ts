import Koa, { type Context, type Middleware } from 'koa';
import { type Logger, silentLogger } from '../logger.ts';
import { answerErrors } from './answer-errors.ts';
import { endUnreadBody } from './body/end-unread-body.ts';
import { allowOrigins } from './cross-origin.ts';
import type { Route } from './route.ts';
import { createRouting } from './routing.ts';
import { setSecurityHeaders } from './security-headers.ts';
import type { ServerSettings } from './server-settings.ts';

/** What an application is made of. */
export interface AppParts {
  readonly routes: readonly Route[];
  readonly settings: Pick<ServerSettings, 'corsOrigins'>;
  /** Around everything else: they see every answer, refusals included. */
  readonly middlewares?: readonly Middleware[];
  /** Told of failures on this side. */
  readonly logger?: Logger;
}

/** The HTTP application: what finds a request's route, answers it and says what went wrong. Its `callback()` is a server's listener. */
export function createApp({ routes, settings, middlewares = [], logger = silentLogger }: AppParts): Koa {
  const app = new Koa();
  const origins = settings.corsOrigins.length === 0 ? [] : [allowOrigins(settings.corsOrigins)];
  const all = [...middlewares, endUnreadBody, setSecurityHeaders, ...origins, answerErrors, ...createRouting(routes)];
  for (const middleware of all) app.use(middleware);
  app.on('error', (error: Error, context?: Context) => {
    // A client that left is no failure.
    if (context?.res.destroyed !== true) logger.warn(`A request failed: ${error.message}`);
  });
  return app;
}
