import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { OnnxPredictError } from './errors.ts';

const PRIVATE_MODE = 0o600;
/** Read by all, or written by others than its owner. */
const OPEN_MODE = 0o026;

/** Whether others than who should may read a file of this mode, or change it. */
export function isOpenToOthers(mode: number): boolean {
  return (mode & OPEN_MODE) !== 0;
}

/**
 * The file's text, and its mode.
 * @throws OnnxPredictError INVALID_ARGUMENT if there is none, or it cannot be read
 */
export async function readApiKeyFile(path: string): Promise<{ readonly text: string; readonly mode: number }> {
  try {
    return { text: await readFile(path, 'utf8'), mode: (await stat(path)).mode };
  } catch (error) {
    throw fileError(error, path, 'read');
  }
}

/**
 * Replaces the file's text at once, so that a reader sees the old one or the new one whole. A new file is its owner's alone; an
 * old one stays whose it is. The file `PATH.new` keeps a second change out meanwhile.
 * @param change is given '' where there is no file yet; what it throws leaves everything as it was
 * @throws OnnxPredictError INVALID_ARGUMENT if it cannot be written, or is being changed
 */
export async function updateApiKeyFile(path: string, change: (text: string) => string): Promise<void> {
  const target = await resolveLinks(path);
  const draft = `${target}.new`;
  let file: FileHandle;
  try {
    file = await open(draft, 'wx', PRIVATE_MODE);
  } catch (error) {
    throw fileError(error, draft, 'written');
  }
  try {
    const old = await stat(target).catch(absent);
    await file.writeFile(change(old === undefined ? '' : (await readApiKeyFile(target)).text));
    if (old !== undefined) await keepOwner(file, old);
    await file.sync();
    await file.close();
    await rename(draft, target);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error instanceof OnnxPredictError ? error : fileError(error, target, 'written');
  }
}

/** A server that may read the old file must be able to read the new one. */
async function keepOwner(file: FileHandle, { uid, gid, mode }: { uid: number; gid: number; mode: number }): Promise<void> {
  const own = await file.stat();
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
  await file.chmod(mode & 0o777);
}

async function resolveLinks(path: string): Promise<string> {
  return (await realpath(path).catch(absent)) ?? path;
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** What is wrong with a file of keys, in words that say what to do. */
export function fileError(cause: unknown, path: string, verb: 'read' | 'written'): OnnxPredictError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  const explain = () => {
    if (code === 'EEXIST')
      return `${path} exists: the keys are being changed; if nobody does, a change was interrupted: remove it.`;
    if (code === 'ENOENT' && verb === 'read') {
      return `There is no file of API keys at ${path}; "onnx-predict keys add NAME --file ${path}" makes one.`;
    }
    return `The file of API keys ${path} cannot be ${verb} (${code}).`;
  };
  return new OnnxPredictError('INVALID_ARGUMENT', explain(), { cause });
}
