import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface FakeFile {
  readonly path: string;
  readonly content: Buffer;
  /** Kept in LFS: named by sha256, and given by the other host. */
  readonly lfs: boolean;
  /** Sha256 for LFS, git blob sha1 otherwise. */
  readonly etag: string;
}

export interface FakeRepository {
  readonly id: string;
  /** Branches and tags. */
  readonly refs: Map<string, string>;
  readonly commits: Map<string, ReadonlyMap<string, FakeFile>>;
  readonly tags: string[];
  /** Only with this token. */
  readonly token: string | undefined;
  readonly gated: boolean;
}

export function gitBlobSha1(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Adds a commit with these files, and moves `main` to it. */
export function commitFiles(repository: FakeRepository, contents: Readonly<Record<string, Buffer>>): string {
  const files = Object.entries(contents).map(([path, content]): [string, FakeFile] => {
    const lfs = /\.onnx(_data.*)?$/.test(path);
    return [path, { path, content, lfs, etag: lfs ? sha256(content) : gitBlobSha1(content) }];
  });
  const seed = JSON.stringify([repository.id, files.map(([path, { etag }]) => [path, etag])]);
  const commit = createHash('sha1').update(seed).digest('hex');
  repository.commits.set(commit, new Map(files));
  repository.refs.set('main', commit);
  return commit;
}

/** The files below a folder, by their names in a repository. */
export async function readFolder(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const named = files.sort().map(async (path) => [path.slice(folder.length + 1), await readFile(path)] as const);
  return Object.fromEntries(await Promise.all(named));
}

/** Bytes that look like weights and are the same for the same seed. */
export function seededBytes(numBytes: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(numBytes / 4));
  const next = seededRandom(seed);
  for (let index = 0; index < words.length; index++) words[index] = Math.floor(next() * 2 ** 32);
  return Buffer.from(words.buffer, 0, numBytes);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
