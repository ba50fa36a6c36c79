import type { IncomingMessage, RequestListener } from 'node:http';
import { createAddressRanges } from '../address-range.ts';
import type { Engine } from '../engine.ts';
import { createImageSpool } from '../image-spool.ts';
import { silentLogger } from '../logger.ts';
import { parseArgument } from '../schemas.ts';
import { noteClient } from './access/client-address.ts';
import { createGuard } from './access/guard.ts';
import { openKeyRing } from './access/key-ring.ts';
import { createApp } from './app.ts';
import { createHeldBytes } from './body/held-bytes.ts';
import { withDefaultDtype } from './default-dtype.ts';
import { readApiInfo } from './docs/api-info.ts';
import { createHttpListener, type ListeningAddress } from './http-listener.ts';
import { addEngineGauges } from './observation/engine-gauges.ts';
import { createEngineMetrics } from './observation/engine-metrics.ts';
import { addHttpMetrics } from './observation/http-metrics.ts';
import { malformedRecord, recordRequests } from './observation/record-requests.ts';
import { assignRequestId } from './observation/request-id.ts';
import type { RequestRecord } from './observation/request-record.ts';
import { reportServerTiming } from './observation/server-timing.ts';
import { createPreload } from './preload.ts';
import type { Readiness } from './readiness.ts';
import { createRoutes } from './routes.ts';
import { CloseOptionsSchema, checkServerOptions, ListenOptionsSchema, type ServerOptions } from './server-options.ts';

import { loadOpenTelemetry } from './tracing/open-telemetry.ts';
import { traceRequests } from './tracing/trace-requests.ts';

/** The HTTP API over an engine. */
export interface Server extends AsyncDisposable {
  /** Answers requests in a program that has an `http.Server` of its own. */
  callback(): RequestListener;
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
export function createHttpServer(engine: Engine, options: ServerOptions = {}): Server {
  const settings = checkServerOptions(options);
  const { logger = silentLogger, preload: names = [], dtype, onRequest, maxConnections = DEFAULT_MAX_CONNECTIONS } = options;
  const { apiKeyFile, rateLimit } = options;
  const keys = apiKeyFile === undefined ? undefined : openKeyRing({ path: apiKeyFile, logger });
  const metrics = createEngineMetrics(settings.aliases);
  const stopObserving = engine.observe(metrics.observe);
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
  const { rootPath } = settings;
  const access = { rootPath, needsKey: keys !== undefined };
  const statusPast = (request: IncomingMessage) => listener.statusPast(request);
  const app = createApp({
    settings,
    logger,
    routes: createRoutes({ engine: answering, settings, dtype: dtype ?? 'fp32', heldBytes, spool, metrics, readiness, access }),
    guard: createGuard({ keys, rateLimit }),
    rootPath,
    middlewares: [
      recordRequests({ onRecord, statusPast }),
      noteClient(createAddressRanges(settings.trustedProxies)),
      assignRequestId,
      reportServerTiming(),
      traceRequests({ openTelemetry: loadOpenTelemetry(), version: readApiInfo().version, statusPast }),
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
    stopObserving();
    keys?.close();
    await spool.close();
  }

  return {
    callback: () => app.callback(),
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
