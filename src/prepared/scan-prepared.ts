import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../disk/clock.ts';
import { isLocked } from '../disk/file-lock.ts';
import { ownBytes } from './folder-files.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { isKey, machineOf, preparedLayout } from './prepared-layout.ts';

/** Something of ours below the folder of prepared models. */
export interface PreparedFolder {
  readonly path: string;
  readonly sizeBytes: number;
  readonly kind: 'preparation' | 'draft' | 'lock';
  /** Undefined for what is no preparation, and for one that cannot be read. */
  readonly manifest: Manifest | undefined;
  /** A living process is at work there. */
  readonly busy: boolean;
}

/** Looks through the folder of prepared models. One that does not exist holds none. */
export async function scanPrepared(dir: string): Promise<PreparedFolder[]> {
  const keys = (await list(dir)).filter(isKey);
  return (await Promise.all(keys.map((key) => scanKey(dir, key)))).flat();
}

async function scanKey(dir: string, key: string): Promise<PreparedFolder[]> {
  const found: PreparedFolder[] = [];
  for (const name of await list(join(dir, key))) {
    const machine = machineOf(name);
    if (machine === undefined) continue;
    const path = join(dir, key, name);
    const kind = name === machine ? 'preparation' : name.includes('.draft-') ? 'draft' : 'lock';
    const manifest = kind === 'preparation' ? await readManifest(path) : undefined;
    const busy = await isLocked(preparedLayout(dir, key, machine).lock, systemClock);
    found.push({ path, kind, manifest, busy, sizeBytes: kind === 'lock' ? await sizeOf(path) : await ownBytes(path) });
  }
  return found;
}

async function list(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

async function sizeOf(path: string): Promise<number> {
  return stat(path)
    .then(({ size }) => size)
    .catch(() => 0);
}
