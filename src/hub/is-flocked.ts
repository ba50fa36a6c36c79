import { readFile, stat } from 'node:fs/promises';

/** Whether a process holds a flock on the file, as huggingface_hub does; undefined where the system does not tell (proc_locks(5)). */
export async function isFlocked(path: string): Promise<boolean | undefined> {
  const locks = await readFile('/proc/locks', 'utf8').catch(() => undefined);
  if (locks === undefined) return undefined;
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && new RegExp(` FLOCK .*:${found.ino} `).test(locks);
}
