import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxPredictError } from './errors.ts';
import { processExists } from './process-exists.ts';

/** A picture in a temporary file that only this user can read. */
interface SpooledImage {
  readonly path: string;
  remove(): Promise<void>;
}

/** Pictures on their way to runners in files: a large message would block its sender. */
export interface ImageSpool {
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

  return {
    async add(bytes) {
      swept ??= sweep(folder);
      await swept;
      let spooled: string | undefined;
      try {
        spooled = await mkdtemp(join(folder, `onnx-predict-${process.pid}-`));
        folders.add(spooled);
        const path = join(spooled, 'image');
        await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
        const made = spooled;
        return { path, remove: () => remove(made) };
      } catch (error) {
        if (spooled !== undefined) await remove(spooled);
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
        throw new OnnxPredictError(
          'INPUT_UNREADABLE',
          `The picture of ${bytes.length} bytes could not be written to the temporary folder ${folder} (${code}); set TMPDIR to one with room.`,
          { cause: error },
        );
      }
    },
    async close() {
      await Promise.all([...folders].map(remove));
    },
  };
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
