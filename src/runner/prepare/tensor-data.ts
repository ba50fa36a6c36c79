import { closeSync, openSync, readSync } from 'node:fs';
import { OnnxPredictError } from '../../errors.ts';
import type { OnnxTensor } from './onnx-model.ts';

/**
 * A tensor's data, read if it lies in a file, computed if it has to be; of its own memory.
 * @throws OnnxPredictError MODEL_INVALID if the file ends early
 */
export function readTensorData({ data }: OnnxTensor): Uint8Array<ArrayBuffer> {
  if (data instanceof Uint8Array) return Uint8Array.from(data);
  if ('read' in data) return data.read();
  const bytes = new Uint8Array(data.length);
  const file = openSync(data.path, 'r');
  try {
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, bytes.length - done, data.offset + done);
      if (read === 0) throw new OnnxPredictError('MODEL_INVALID', `${data.path} ends early.`);
      done += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
