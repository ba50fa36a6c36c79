import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { createHttpListener } from '../src/http/http-listener.ts';
import { silentLogger } from '../src/logger.ts';

/** What came back over a raw connection. */
export interface Exchange {
  /** Null: the connection closed without an answer. */
  readonly status: number | null;
  /** By lower-case name; repeated ones joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly elapsedMs: number;
}

/** A server on a free port of this machine. */
export interface TestServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(listener: RequestListener): Promise<TestServer> {
  const server = createHttpListener({
    handle: listener,
    requestTimeoutMs: 60_000,
    maxConnections: 100,
    logger: silentLogger,
    onMalformed() {},
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { port, close: () => server.close({ timeoutMs: 0 }) };
}

/** Sends bytes as they are, and reads until the other side closes. */
export async function exchange(port: number, request: Buffer, method: string): Promise<Exchange> {
  const startMs = performance.now();
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server may answer and close while it is still being sent to.
    socket.on('error', () => {}).on('close', () => resolve());
    socket.write(request);
  });
  return { ...parseResponse(Buffer.concat(chunks), method), elapsedMs: performance.now() - startMs };
}

function parseResponse(bytes: Buffer, method: string): Omit<Exchange, 'elapsedMs'> {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return { status: null, headers: {}, body: Buffer.alloc(0) };
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return parseResponse(rest, method);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { status, headers, body: headers['transfer-encoding'] === 'chunked' ? joinChunks(rest) : rest };
}

function joinChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}
