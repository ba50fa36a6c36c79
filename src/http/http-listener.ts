import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { type ConnectionFailure, connectionFailure, rawAnswer } from './connection-failure.ts';
import { listenError } from './listen-error.ts';
import { CountedMessage } from './observation/counted-message.ts';

/** Where a server listens. */
export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export interface ListenerOptions {
  readonly handle: RequestListener;
  /** A request whose headers and body have not arrived by then is ended. */
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly logger: Logger;
  /** Told of what was answered without having become a request: no HTTP, say. */
  readonly onMalformed: (failure: ConnectionFailure & { readonly requestId: string; readonly client: string }) => void;
}

/** A socket that listens, and the requests on it. */
export interface HttpListener {
  readonly numInFlight: number;
  readonly draining: boolean;
  /** The status of a request that was ended below the application; undefined for all others. */
  statusPast(request: IncomingMessage): number | undefined;
  /** @throws OnnxPredictError INVALID_ARGUMENT if nothing can listen there */
  listen(address: { readonly host: string; readonly port: number }): Promise<ListeningAddress>;
  /** Accepts nothing any more, waits for what is being answered, and cuts it off when the time is over. */
  close(options: { readonly timeoutMs: number }): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS_COUNT = 200;
const HEADERS_TIMEOUT_MS = 20_000;
/** Longer than proxies keep a connection (60 s), so that it is not this side which closes one that is about to be used. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CHECK_INTERVAL_MS = 5000;
/** For requests of which only a part had arrived when everything else was done. */
const LAST_CONNECTIONS_MS = 1000;

export function createHttpListener(options: ListenerOptions): HttpListener {
  const { handle, requestTimeoutMs, maxConnections, logger, onMalformed } = options;
  const inFlight = new Set<ServerResponse>();
  const bySocket = new WeakMap<Duplex, ServerResponse>();
  const failed = new WeakMap<Duplex, number>();
  let draining = false;
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const server = createServer({
    IncomingMessage: CountedMessage,
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, Math.ceil(requestTimeoutMs / 4)),
  });
  server.maxHeadersCount = MAX_HEADERS_COUNT;
  server.maxConnections = maxConnections;

  server.on('request', (request, response) => {
    inFlight.add(response);
    bySocket.set(request.socket, response);
    if (draining) response.shouldKeepAlive = false;
    response.once('close', () => {
      inFlight.delete(response);
      if (bySocket.get(request.socket) === response) bySocket.delete(request.socket);
      if (inFlight.size === 0) onIdle?.();
    });
    handle(request, response);
  });

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = bySocket.get(socket);
    const left = error.code === 'ECONNRESET' || (error.code === 'HPE_INVALID_EOF_STATE' && response !== undefined);
    // The client is gone, or would take what is written now for a part of its answer.
    if (left || !socket.writable || response?.headersSent === true) return void socket.destroy();
    const failure = connectionFailure(error.code);
    const requestId = String(response?.getHeader('x-request-id') ?? randomUUID());
    failed.set(socket, failure.status);
    if (response === undefined) onMalformed({ ...failure, requestId, client: clientOf(socket) });
    socket.end(rawAnswer(failure, requestId), () => socket.destroy());
  });

  async function listen({ host, port }: { readonly host: string; readonly port: number }): Promise<ListeningAddress> {
    try {
      server.listen({ host, port });
      await once(server, 'listening');
    } catch (error) {
      throw listenError(error, host, port);
    }
    // Accepting a connection can fail later, when file descriptors have run out: that one is lost, and nothing else.
    server.on('error', (error: NodeJS.ErrnoException) => logger.warn(`a connection could not be accepted (${error.code})`));
    const address = server.address() as AddressInfo;
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return { host: address.address, port: address.port, url: `http://${name}:${address.port}` };
  }

  async function drain(timeoutMs: number): Promise<void> {
    draining = true;
    for (const response of inFlight) response.shouldKeepAlive = false;
    if (!server.listening) return;
    const closed = once(server, 'close');
    // Not http.Server's own: it would close idle connections at once, under requests that are on their way, and check no timeouts.
    TcpServer.prototype.close.call(server);
    const idle = inFlight.size === 0 ? undefined : new Promise<void>((resolve) => (onIdle = resolve));
    await Promise.race([idle, delay(timeoutMs, undefined, { ref: false })]);
    if (inFlight.size > 0) logger.warn(`${inFlight.size} requests were cut off after ${timeoutMs / 1000} s`);
    else {
      server.closeIdleConnections();
      await Promise.race([closed, delay(LAST_CONNECTIONS_MS, undefined, { ref: false })]);
    }
    server.closeAllConnections();
    // Ends its timers.
    server.close();
    await closed;
  }

  return {
    get numInFlight() {
      return inFlight.size;
    },
    get draining() {
      return draining;
    },
    statusPast: ({ socket }) => failed.get(socket),
    listen,
    close({ timeoutMs }) {
      closing ??= drain(timeoutMs);
      return closing;
    },
  };
}

function clientOf(socket: Duplex): string {
  return 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : '';
}
