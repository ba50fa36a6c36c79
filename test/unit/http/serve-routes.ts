import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { Route } from '../../../src/http/route.ts';

export interface ServedRoutes extends AsyncDisposable {
  readonly url: string;
}

/** Listens on a port of its own and answers by these routes, with nothing around them. */
export async function serveRoutes(routes: readonly Route[]): Promise<ServedRoutes> {
  const app = new Koa();
  app.silent = true;
  app.use(async (context) => {
    const method = context.method === 'HEAD' ? 'GET' : context.method;
    await routes.find((route) => route.method === method && route.path === context.path)?.handle(context);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
