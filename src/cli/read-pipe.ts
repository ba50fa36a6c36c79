import { addAbortSignal, type Readable } from 'node:stream';
import { OnnxPredictError } from '../errors.ts';
import { MAX_IMAGE_BYTES } from '../limits.ts';

/**
 * Reads a stream to its end, as far as a picture file may be long.
 * @throws OnnxPredictError INPUT_UNREADABLE if it is longer; an AbortError once `signal` is aborted
 */
export async function readPipe(stream: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  for await (const chunk of addAbortSignal(signal, stream)) {
    chunks.push(chunk as Uint8Array);
    numBytes += (chunk as Uint8Array).length;
    if (numBytes > MAX_IMAGE_BYTES) {
      throw new OnnxPredictError(
        'INPUT_UNREADABLE',
        `Standard input is longer than ${MAX_IMAGE_BYTES} bytes; that is no picture.`,
      );
    }
  }
  return Buffer.concat(chunks);
}
