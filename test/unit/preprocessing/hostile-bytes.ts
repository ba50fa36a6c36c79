import { OnnxPredictError } from '../../../src/errors.ts';
import { DEFAULT_MAX_PIXELS } from '../../../src/limits.ts';
import { decodeImage } from '../../../src/preprocessing/decode-image.ts';
import type { RgbImage } from '../../../src/preprocessing/rgb-image.ts';

/** Decodes with the usual limit, unless another is given. */
export function decode(bytes: Uint8Array, maxPixels = DEFAULT_MAX_PIXELS): Promise<RgbImage> {
  return decodeImage(bytes, { maxPixels });
}

/** The code that this fails with; an error of a foreign kind as it is. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof OnnxPredictError ? error.code : error),
  );
}

/** Bytes, from text of one byte a character, numbers and bytes. */
export function bytesOf(...parts: readonly (string | readonly number[] | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));
}

/** A 16-bit number, lowest byte first. */
export function u16le(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A 32-bit number, lowest byte first. */
export function u32le(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The start of a PNG of 8-bit RGB. */
export function pngHeader(width: number, height: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return bytesOf('\x89PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', size, [8, 2, 0, 0, 0], [0, 0, 0, 0]);
}

/** The headers of a BMP. */
export function bmpHeader(width: number, height: number, bits: number, compression = 0): Buffer {
  const size = bytesOf(u32le(width), u32le(height >>> 0), u16le(1), u16le(bits), u32le(compression));
  return bytesOf('BM', u32le(0), u32le(0), u32le(54), u32le(40), size, Buffer.alloc(20));
}
