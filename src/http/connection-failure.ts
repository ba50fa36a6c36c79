import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { REQUEST_ID_HEADER } from './observation/request-id.ts';

/** Why a connection was given up below the application. */
export interface ConnectionFailure {
  readonly status: number;
  readonly detail: string;
}

const FAILURES: Readonly<Record<string, ConnectionFailure>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The request line and the headers are longer than 16 KiB.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: 'The extensions of a chunk are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time.' },
};
const MALFORMED: ConnectionFailure = { status: 400, detail: 'Invalid HTTP request received.' };

/** @param code of the error that Node's parser or its timers gave */
export function connectionFailure(code: string | undefined): ConnectionFailure {
  return FAILURES[code ?? ''] ?? MALFORMED;
}

/** The bytes of an answer where there is no response object to write it with. */
export function rawAnswer({ status, detail }: ConnectionFailure, requestId: string = randomUUID()): string {
  const body = JSON.stringify({ detail });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    `${REQUEST_ID_HEADER}: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}
