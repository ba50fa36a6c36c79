import { constants, open } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { MAX_IMAGE_BYTES } from '../limits.ts';

/**
 * Reads a picture's file whole.
 * @throws OnnxPredictError INPUT_NOT_FOUND; INPUT_UNREADABLE for folders, devices, pipes, files of over 768 MiB and missing rights
 */
export async function readImage(path: string): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a named pipe that nobody writes to would block for ever.
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (stats.isDirectory()) throw unreadable(path, 'is a folder');
    if (!stats.isFile()) throw unreadable(path, 'is not a regular file; pipe its bytes to standard input instead');
    if (stats.size > MAX_IMAGE_BYTES) throw unreadable(path, `is ${stats.size} bytes; at most ${MAX_IMAGE_BYTES} are read`);
    return await file.readFile();
  } catch (error) {
    if (error instanceof OnnxPredictError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new OnnxPredictError('INPUT_NOT_FOUND', `There is no file ${path}.`, { cause: error });
    }
    throw new OnnxPredictError('INPUT_UNREADABLE', `${path} cannot be read (${code}).`, { cause: error });
  }
}

function unreadable(path: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('INPUT_UNREADABLE', `${path} ${problem}.`);
}
