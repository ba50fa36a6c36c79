import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as TcpServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { OnnxPredictError } from '../errors.ts';
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
  /** @throws OnnxPredictError INVALID_ARGUMENT if nothing can listen there, or after `close` */
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
  /** What is not answered yet on each connection, in the order of its answers. */
  const byConnection = new WeakMap<Duplex, Set<ServerResponse>>();
  const failed = new WeakMap<Duplex, number>();
  let draining = false;
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const server = createServer({
    IncomingMessage: CountedMessage,
    // The application refuses what has none: Node's own refusal says nothing, and would be in no log.
    requireHostHeader: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, Math.ceil(requestTimeoutMs / 4)),
  });
  server.maxHeadersCount = MAX_HEADERS_COUNT;
  server.maxConnections = maxConnections;

  server.on('connection', (socket) => {
    const unanswered = new Set<ServerResponse>();
    byConnection.set(socket, unanswered);
    socket.once('close', () => {
      // Node tells the one whose turn it is, and leaves those that were sent behind it waiting for ever.
      for (const response of [...unanswered].filter((response) => response.socket === null)) {
        response.destroy();
        response.emit('close');
      }
    });
  });

  const take: RequestListener = (request, response) => {
    const unanswered = byConnection.get(request.socket)!;
    inFlight.add(response);
    unanswered.add(response);
    if (draining) response.shouldKeepAlive = false;
    response.once('close', () => {
      inFlight.delete(response);
      unanswered.delete(response);
      if (inFlight.size === 0) onIdle?.();
    });
    handle(request, response);
  };
  server.on('request', take);
  // An expectation that nobody knows is no reason to refuse, and Node's own refusal would be in no log.
  server.on('checkExpectation', take);

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [response, ...behind] = byConnection.get(socket) ?? [];
    const left = error.code === 'ECONNRESET' || (error.code === 'HPE_INVALID_EOF_STATE' && response !== undefined);
    // The client is gone, or would take what is written now for a part of its answer, or for another's.
    if (left || !socket.writable || response?.headersSent === true || behind.length > 0) return void socket.destroy();
    const failure = connectionFailure(error.code);
    const requestId = String(response?.getHeader('x-request-id') ?? randomUUID());
    failed.set(socket, failure.status);
    if (response === undefined) onMalformed({ ...failure, requestId, client: clientOf(socket) });
    socket.end(rawAnswer(failure, requestId), () => socket.destroy());
  });

  async function listen({ host, port }: { readonly host: string; readonly port: number }): Promise<ListeningAddress> {
    if (draining) throw closedError();
    try {
      server.listen({ host, port });
      await once(server, 'listening');
    } catch (error) {
      throw listenError(error, host, port);
    }
    // While the host's name was looked up.
    if (draining) {
      server.close();
      throw closedError();
    }
    // Accepting a connection can fail later, when file descriptors have run out: that one is lost, and nothing else.
    server.on('error', (error: NodeJS.ErrnoException) => logger.warn(`a connection could not be accepted (${error.code})`));
    const address = server.address() as AddressInfo;
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return { host: address.address, port: address.port, url: `http://${name}:${address.port}` };
  }

  /** Resolves when nothing is being answered, or when the time is over. */
  async function untilIdle(timeoutMs: number): Promise<void> {
    if (inFlight.size === 0) return;
    const idle = new Promise<void>((resolve) => (onIdle = resolve));
    await Promise.race([idle, sleep(timeoutMs)]);
  }

  async function drain(timeoutMs: number): Promise<void> {
    draining = true;
    for (const response of inFlight) response.shouldKeepAlive = false;
    if (!server.listening) return;
    const closed = once(server, 'close');
    // Not http.Server's own: it would close idle connections at once, under requests that are on their way, and check no timeouts.
    TcpServer.prototype.close.call(server);
    const endMs = performance.now() + timeoutMs;
    await untilIdle(timeoutMs);
    if (inFlight.size === 0) {
      server.closeIdleConnections();
      await Promise.race([closed, sleep(LAST_CONNECTIONS_MS)]);
      // What of them has become whole.
      await untilIdle(endMs - performance.now());
    }
    if (inFlight.size > 0) logger.warn(`${inFlight.size} requests were cut off after ${timeoutMs / 1000} s`);
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

/** Keeps no process alive. */
function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}

function clientOf(socket: Duplex): string {
  return 'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : '';
}

function closedError(): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', 'The server was closed; create another one.');
}
