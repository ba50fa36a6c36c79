import type { Duplex } from 'node:stream';

/** What cannot be parsed is answered with, by Node's code of the error. */
const ANSWERS: Readonly<Record<string, readonly [status: string, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The extensions of the chunks are too long.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The request line and the headers are too long.'],
};
const INVALID = ['400 Bad Request', 'Invalid HTTP request received.'] as const;

/** Answers what is no HTTP, and closes the connection: a server's listener for `clientError`. */
export function answerMalformedRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = ANSWERS[error.code ?? ''] ?? INVALID;
  const body = JSON.stringify({ detail });
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    'X-Content-Type-Options: nosniff',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
