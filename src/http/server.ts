import type Koa from 'koa';
import type { Engine } from '../engine.ts';
import { OnnxPredictError } from '../errors.ts';
import { createImageSpool } from '../image-spool.ts';
import { silentLogger } from '../logger.ts';
import { parseArgument } from '../schemas.ts';
import { createApp } from './app.ts';
import { createHeldBytes } from './body/held-bytes.ts';
import { withDefaultDtype } from './default-dtype.ts';
import { createHttpListener, type ListeningAddress } from './http-listener.ts';
import { addEngineGauges } from './observation/engine-gauges.ts';
import { createEngineMetrics } from './observation/engine-metrics.ts';
import { addHttpMetrics, HTTP_REQUESTS_METRIC } from './observation/http-metrics.ts';
import { assignRequestId } from './observation/request-id.ts';
import { malformedRecord, type RequestRecord, recordRequests } from './observation/request-record.ts';
import { reportServerTiming } from './observation/server-timing.ts';
import { createPreload } from './preload.ts';
import type { Readiness } from './readiness.ts';
import { createRoutes } from './routes.ts';
import { CloseOptionsSchema, checkServerOptions, ListenOptionsSchema, type ServerOptions } from './server-options.ts';

/** The HTTP API over an engine. */
export interface Server extends AsyncDisposable {
  /** For a program that has a server of its own: `app.callback()` answers requests. */
  readonly app: Koa;
  readonly readiness: Readiness;
  /**
   * Listens, and begins to load what is to be preloaded.
   * @throws OnnxPredictError INVALID_ARGUMENT if nothing can listen there
   */
  listen(options?: { readonly host?: string; readonly port?: number }): Promise<ListeningAddress>;
  /**
   * Resolves when all models that were to be preloaded are; rejects when one cannot be.
   * Pending until `listen()` was called.
   */
  readonly preloaded: Promise<void>;
  /**
   * Accepts nothing any more and resolves when what was being answered is, or was cut off when the time was over. The engine stays.
   * Default: 30 s.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
}

const DEFAULT_MAX_CONNECTIONS = 2048;

/**
 * The HTTP API over an engine, not listening yet. Prints nothing and catches no signals.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the option
 */
export function createServer(engine: Engine, options: ServerOptions = {}): Server {
  const settings = checkServerOptions(options);
  const { logger = silentLogger, preload: names = [], dtype, onRequest, maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const metrics = options.metrics ?? createEngineMetrics({ aliases: settings.aliases });
  if (metrics.registry.getSingleMetric(HTTP_REQUESTS_METRIC) !== undefined) {
    throw new OnnxPredictError('INVALID_ARGUMENT', 'metrics: another server uses them already; create some for this one');
  }
  const answering = dtype === undefined ? engine : withDefaultDtype(engine, dtype);
  const closing = new AbortController();
  const preload = createPreload(answering, names, logger);
  let startPreload: () => void = () => {};
  const preloaded = new Promise<void>((resolve) => {
    startPreload = resolve;
  }).then(() => preload.start(closing.signal));
  // Who does not ask for it shall not be ended by it: readiness tells.
  preloaded.catch(() => {});

  const heldBytes = createHeldBytes(settings.maxHeldBytes);
  const spool = createImageSpool();
  addEngineGauges(metrics, engine);
  const countRequest = addHttpMetrics(metrics.registry, { numInFlight: () => listener.numInFlight, heldBytes });
  const onRecord = (record: RequestRecord) => {
    countRequest(record);
    try {
      onRequest?.(record);
    } catch {
      // A listener that throws harms nobody: the answer has been sent.
    }
  };
  const app = createApp({
    settings,
    logger,
    routes: createRoutes({ engine: answering, settings, heldBytes, spool, metrics, readiness }),
    middlewares: [
      recordRequests({ onRecord, statusPast: (request) => listener.statusPast(request) }),
      assignRequestId,
      reportServerTiming(),
    ],
  });
  const listener = createHttpListener({
    handle: app.callback(),
    requestTimeoutMs: settings.requestTimeoutMs,
    maxConnections,
    logger,
    onMalformed: (failure) => onRecord(malformedRecord(failure)),
  });

  function readiness(): Readiness {
    return listener.draining ? { state: 'draining', detail: 'The server is shutting down.' } : preload.readiness;
  }

  async function close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs } = parseArgument(CloseOptionsSchema, options);
    closing.abort();
    await listener.close({ timeoutMs });
    await spool.close();
  }

  return {
    app,
    get readiness() {
      return readiness();
    },
    async listen(options = {}) {
      const address = await listener.listen(parseArgument(ListenOptionsSchema, options));
      startPreload();
      return address;
    },
    preloaded,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
