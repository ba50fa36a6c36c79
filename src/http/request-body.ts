import type { IncomingMessage } from 'node:http';
import type { ByteHold } from './held-bytes.ts';
import { ClientGone, Refusal } from './refusal.ts';

/**
 * The body as it arrives. Leaving it early does not close the connection: an answer can still be sent.
 * @throws Refusal 413 as soon as it is known to be longer than `maxBytes`; ClientGone
 */
export async function* readChunks(request: IncomingMessage, maxBytes: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let numBytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      numBytes += bytes.length;
      if (numBytes > maxBytes) throw tooLarge(maxBytes);
      yield bytes;
    }
  } catch (error) {
    throw request.errored === null || error instanceof Refusal ? error : new ClientGone();
  }
}

/**
 * The whole body.
 * @throws Refusal 413, 429; ClientGone
 */
export async function readBody(request: IncomingMessage, maxBytes: number, hold: ByteHold): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(request, maxBytes)) {
    hold.add(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, `The body of the request is longer than ${maxBytes} bytes, the limit of this server.`);
}
