import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OnnxPredictError } from './errors.ts';
import type { ImageSource } from './protocol.ts';

/**
 * A picture as a program gives it, as it goes to a runner.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function toImageSource(image: string | URL | Uint8Array): ImageSource {
  if (typeof image === 'string') {
    if (image === '')
      throw new OnnxPredictError('INVALID_ARGUMENT', 'image: must not be empty; give a path, a file: URL or bytes');
    return { path: resolve(image) };
  }
  if (image instanceof Uint8Array) return { bytes: image };
  if (!(image instanceof URL)) {
    throw new OnnxPredictError('INVALID_ARGUMENT', `image: must be a path, a file: URL or a Uint8Array (got ${typeof image})`);
  }
  if (image.protocol !== 'file:') {
    const message = `image: only file: URLs are read (got ${image.protocol}); fetch the picture and pass its bytes`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message);
  }
  try {
    return { path: fileURLToPath(image) };
  } catch (error) {
    throw new OnnxPredictError('INVALID_ARGUMENT', `image: ${image.href} is not the URL of a file on this machine`, {
      cause: error,
    });
  }
}
