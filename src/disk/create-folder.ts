import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, one by one: Node's recursive `mkdir` reports ENOENT for a file system that is read-only, and
 * never ends in one that makes no folders (/proc).
 * @throws the system's error for the first folder that could not be made
 */
export async function createFolder(path: string): Promise<void> {
  try {
    await createOne(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    await createFolder(parent);
    await createOne(path);
  }
}

async function createOne(path: string): Promise<void> {
  await mkdir(path).catch(async (error: unknown) => {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
  });
}
