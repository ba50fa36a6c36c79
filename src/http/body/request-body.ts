import type { IncomingMessage } from 'node:http';
import { ClientGone, Refusal } from '../refusal.ts';
import { CollectedBytes } from './collected-bytes.ts';
import type { ByteHold } from './held-bytes.ts';

/** How long a body may be, and what is said of longer ones. */
export interface BodyLimit {
  readonly maxBytes: number;
  readonly refuse: () => Refusal;
}

/**
 * The body as it arrives. Leaving it early does not close the connection: an answer can still be sent.
 * @throws Refusal as soon as it is known to be too long; ClientGone
 */
export async function* readChunks(request: IncomingMessage, { maxBytes, refuse }: BodyLimit): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw refuse();
  let numBytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      numBytes += bytes.length;
      if (numBytes > maxBytes) throw refuse();
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
  const body = new CollectedBytes();
  for await (const chunk of readChunks(request, { maxBytes, refuse: () => tooLarge('body', maxBytes) })) {
    hold.add(chunk.length);
    body.add(chunk);
  }
  return body.take();
}

/** What is said of something that is too long. */
export function tooLarge(what: 'body' | 'file', maxBytes: number): Refusal {
  return new Refusal(413, `The ${what} is longer than ${maxBytes} bytes, the limit of this server.`);
}
