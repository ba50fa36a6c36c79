import { constants, type FileHandle, open } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { inputFailure } from '../input-failure.ts';
import { MAX_IMAGE_BYTES } from '../limits.ts';
import { checkPixelLimit, readImageHeader } from './image-header.ts';

/** Enough for most headers, behind whatever EXIF and thumbnails a camera puts before them. */
const HEAD_BYTES = 64 * 1024;

/**
 * Reads a picture's file whole, unless its first bytes already say that it is none or too large.
 * @throws OnnxPredictError INPUT_NOT_FOUND; INPUT_UNREADABLE for folders, devices, pipes, files of over 768 MiB and missing rights;
 *   IMAGE_UNSUPPORTED and IMAGE_TOO_LARGE
 */
export async function readImage(path: string, { maxPixels }: { readonly maxPixels: number }): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a named pipe that nobody writes to would block for ever.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isDirectory()) throw unreadable(path, 'is a folder');
    if (!stats.isFile()) throw unreadable(path, 'is not a regular file; pipe its bytes to standard input instead');
    const head = await readUpTo(file, Buffer.alloc(0), Math.min(stats.size, HEAD_BYTES));
    if (stats.size <= HEAD_BYTES) return head;
    checkHead(head, maxPixels);
    if (stats.size > MAX_IMAGE_BYTES) throw unreadable(path, `is ${stats.size} bytes; at most ${MAX_IMAGE_BYTES} are read`);
    return await readUpTo(file, head, stats.size);
  } catch (error) {
    throw inputFailure(error, path);
  }
}

/** Refuses what the first bytes tell; a header that goes on behind them is read with the whole file. */
function checkHead(head: Uint8Array, maxPixels: number): void {
  try {
    checkPixelLimit(readImageHeader(head), maxPixels);
  } catch (error) {
    if (!(error instanceof OnnxPredictError && error.code === 'IMAGE_INVALID')) throw error;
  }
}

/** `length` bytes of the file, of which `head` has been read; fewer if it ends before. */
async function readUpTo(file: FileHandle, head: Buffer, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = head.copy(bytes);
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

function unreadable(path: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('INPUT_UNREADABLE', `${path} ${problem}.`);
}
