import { type FileHandle, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxPredictError } from './errors.ts';
import { processExists } from './process-exists.ts';

/** A picture in a temporary file that only this user can read. */
interface SpooledImage {
  readonly path: string;
  remove(): Promise<void>;
}

/** A picture that is being written. */
interface OpenImage extends SpooledImage {
  /** @throws OnnxPredictError INPUT_UNREADABLE if there is no room */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing is written any more: the file can be handed on. */
  finish(): Promise<void>;
}

/** Pictures on their way to runners in files: a large message would block its sender. */
export interface ImageSpool {
  /**
   * A file for a picture that comes piece by piece.
   * @throws OnnxPredictError INPUT_UNREADABLE if the temporary folder cannot be written
   */
  open(): Promise<OpenImage>;
  /** @throws OnnxPredictError INPUT_UNREADABLE if the temporary folder cannot be written */
  add(bytes: Uint8Array): Promise<SpooledImage>;
  /** Resolves when no file is left. */
  close(): Promise<void>;
}

/** The process that made the folder is in its name. */
const SPOOL_FOLDER = /^onnx-predict-(\d+)-\w+$/;
/** Much longer than a picture waits: a process of another container, which cannot be seen from here, may share the folder. */
const ABANDONED_MS = 3_600_000;

export function createImageSpool(folder: string = tmpdir()): ImageSpool {
  const folders = new Set<string>();
  let swept: Promise<void> | undefined;

  async function remove(spooled: string): Promise<void> {
    await rm(spooled, { recursive: true, force: true, maxRetries: 3 });
    folders.delete(spooled);
  }

  async function openFile(): Promise<{ readonly spooled: string; readonly path: string; readonly handle: FileHandle }> {
    let spooled: string | undefined;
    try {
      spooled = await mkdtemp(join(folder, `onnx-predict-${process.pid}-`));
      folders.add(spooled);
      const path = join(spooled, 'image');
      return { spooled, path, handle: await open(path, 'wx', 0o600) };
    } catch (error) {
      if (spooled !== undefined) await remove(spooled);
      throw unwritable(folder, error);
    }
  }

  async function openImage(): Promise<OpenImage> {
    swept ??= sweep(folder);
    await swept;
    const { spooled, path, handle } = await openFile();
    return {
      path,
      async write(bytes) {
        try {
          await handle.writeFile(bytes);
        } catch (error) {
          throw unwritable(folder, error);
        }
      },
      finish: () => handle.close(),
      async remove() {
        await handle.close();
        await remove(spooled);
      },
    };
  }

  return {
    open: openImage,
    async add(bytes) {
      const image = await openImage();
      try {
        await image.write(bytes);
        await image.finish();
        return image;
      } catch (error) {
        await image.remove();
        throw error;
      }
    },
    async close() {
      await Promise.all([...folders].map(remove));
    },
  };
}

function unwritable(folder: string, error: unknown): OnnxPredictError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new OnnxPredictError(
    'INPUT_UNREADABLE',
    `A picture could not be written to the temporary folder ${folder} (${code}); set TMPDIR to one with room.`,
    { cause: error },
  );
}

/** Removes what processes that were killed left behind: pictures are private. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid] = SPOOL_FOLDER.exec(name) ?? [];
    if (pid === undefined || processExists(Number(pid))) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    // Another user's cannot be removed, and need not be.
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}
