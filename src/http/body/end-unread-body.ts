import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';

/** So little is read to its end by Node, and the connection lives on. */
const SMALL_BYTES = 64 * 1024;
/** A client that sends while it is answered has so long, and so much to send, until the connection is closed under it. */
const LINGER_MS = 2000;
const LINGER_BYTES = 64 * 1024 * 1024;

/**
 * Closes the connection after an answer that did not need the whole body. The answer goes first; a connection closed at once
 * would take it away from a client that is still sending.
 */
export const endUnreadBody: Middleware = async (context: Context, next) => {
  await next();
  const { req, res, body } = context;
  if (req.complete || !isLong(req) || res.headersSent || context.respond === false) return;
  context.set('Connection', 'close');
  if (typeof body !== 'string' || context.method === 'HEAD') return;
  const bytes = Buffer.from(body);
  const typed = res.hasHeader('Content-Type');
  context.body = Readable.from(answerThenDrain(bytes, req));
  context.length = bytes.length;
  // Koa takes a stream for a download.
  if (!typed) context.remove('Content-Type');
};

function isLong({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SMALL_BYTES;
}

async function* answerThenDrain(answer: Buffer, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield answer;
  await new Promise<void>((resolve) => {
    let numBytes = 0;
    const stop = () => {
      clearTimeout(timer);
      request.off('data', count).pause();
      resolve();
    };
    const count = (chunk: Buffer) => {
      numBytes += chunk.length;
      if (numBytes > LINGER_BYTES) stop();
    };
    const timer = setTimeout(stop, LINGER_MS);
    request.on('data', count).once('end', stop).once('close', stop).once('error', stop).resume();
  });
}
