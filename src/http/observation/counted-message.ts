import { IncomingMessage } from 'node:http';

/** A request that counts what is read of its body. */
export class CountedMessage extends IncomingMessage {
  bodyBytes = 0;

  override push(chunk: Uint8Array | string | null, encoding?: BufferEncoding): boolean {
    if (chunk !== null) this.bodyBytes += chunk.length;
    return super.push(chunk, encoding);
  }
}
