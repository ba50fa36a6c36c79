import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** All files and links below a folder: `link -> target`, or a file's content if it is short, else its size. */
export async function listTree(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const listed = entries
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = relative(folder, path).split(sep).join('/');
      if (entry.isSymbolicLink()) return [name, `-> ${await readlink(path)}`] as const;
      const content = await readFile(path);
      return [name, content.length <= 64 ? content.toString() : `${content.length} bytes`] as const;
    });
  return Object.fromEntries((await Promise.all(listed)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
