import type { Engine } from '../engine.ts';
import { OnnxPredictError } from '../errors.ts';
import type { Server } from './http-server.ts';
import type { Readiness } from './readiness.ts';
import { checkServerOptions, type ServerOptions } from './server-options.ts';

export type { Server };

const STARTING: Readiness = { state: 'loading', detail: 'The server is starting.' };

/**
 * The HTTP API over an engine, not listening yet. Prints nothing and catches no signals. Its code is loaded when it is first used: a
 * program that only asks the engine starts sooner without it.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the option
 */
export function createServer(engine: Engine, options: ServerOptions = {}): Server {
  checkServerOptions(options);
  let server: Server | undefined;
  let loading: Promise<Server> | undefined;
  let closed = false;

  async function load(): Promise<Server> {
    if (closed) throw new OnnxPredictError('ENGINE_CLOSED', 'The server was closed.');
    loading ??= import('./http-server.ts').then(({ createHttpServer }) => createHttpServer(engine, options));
    server = await loading;
    return server;
  }

  async function close(closeOptions?: { readonly timeoutMs?: number }): Promise<void> {
    closed = true;
    await (await loading)?.close(closeOptions);
  }

  return {
    get readiness() {
      return server?.readiness ?? STARTING;
    },
    get preloaded() {
      return load().then(({ preloaded }) => preloaded);
    },
    listen: async (address) => (await load()).listen(address),
    callback() {
      const answer = load().then((loaded) => loaded.callback());
      return (request, response) => void answer.then((it) => it(request, response));
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
