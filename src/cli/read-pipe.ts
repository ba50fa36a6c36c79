import { addAbortSignal, type Readable } from 'node:stream';
import { OnnxPredictError } from '../errors.ts';

/**
 * Reads a stream to its end, as far as it may be long.
 * @param limit `noun`: what it is to be, for the message
 * @throws OnnxPredictError INPUT_UNREADABLE if it is longer; an AbortError once `signal` is aborted
 */
export async function readPipe(
  stream: Readable,
  { maxBytes, noun }: { readonly maxBytes: number; readonly noun: string },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  for await (const chunk of addAbortSignal(signal, stream)) {
    chunks.push(chunk as Uint8Array);
    numBytes += (chunk as Uint8Array).length;
    if (numBytes > maxBytes) {
      throw new OnnxPredictError('INPUT_UNREADABLE', `Standard input is longer than ${maxBytes} bytes; that is no ${noun}.`);
    }
  }
  return Buffer.concat(chunks);
}
