import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';

/** A picture in a temporary file that only this user can read. */
export interface SpooledImage {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Writes a picture to a private temporary file, so that a large one does not block the sender while it crosses to a runner.
 * @throws OnnxPredictError INPUT_UNREADABLE if the temporary folder cannot be written
 */
export async function spoolImage(bytes: Uint8Array): Promise<SpooledImage> {
  let folder: string | undefined;
  const remove = async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    folder = await mkdtemp(join(tmpdir(), 'onnx-predict-'));
    const path = join(folder, 'image');
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
    return { path, remove };
  } catch (error) {
    await remove();
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError(
      'INPUT_UNREADABLE',
      `The picture of ${bytes.length} bytes could not be written to the temporary folder ${tmpdir()} (${code}); set TMPDIR to one with room.`,
      { cause: error },
    );
  }
}
