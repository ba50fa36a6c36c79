import { type BigIntStats, constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder takes on the disk beside files elsewhere that it holds hard links to, in bytes; 0 for one that is not there. */
export async function ownBytes(folder: string): Promise<number> {
  const links = new Map<string, { sizeBytes: number; outside: number }>();
  for (const { stats } of await walk(folder)) {
    const key = `${stats.dev} ${stats.ino}`;
    const known = links.get(key) ?? { sizeBytes: Number(stats.size), outside: Number(stats.nlink) };
    known.outside -= 1;
    links.set(key, known);
  }
  return [...links.values()].reduce((sum, { sizeBytes, outside }) => sum + (outside > 0 ? 0 : sizeBytes), 0);
}

/**
 * Makes a folder outlast a power cut; what it holds of other folders' files has done so already.
 * @throws the system's error
 */
export async function syncFolder(folder: string): Promise<void> {
  for (const { path, stats } of await walk(folder)) if (stats.nlink === 1n) await sync(path);
  // Some systems open no folders; there is nothing to be done for them.
  await sync(folder).catch(() => {});
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, constants.O_RDONLY);
  await file.sync();
}

async function walk(folder: string): Promise<{ readonly path: string; readonly stats: BigIntStats }[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = await Promise.all(
    files.map(async (path) => ({ path, stats: await stat(path, { bigint: true }).catch(() => undefined) })),
  );
  return found.flatMap(({ path, stats }) => (stats === undefined ? [] : [{ path, stats }]));
}
