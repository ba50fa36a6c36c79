import type { Dirent, Stats } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import {
  type CacheLayout,
  cacheLayout,
  isContentHash,
  LOCKS_FOLDER,
  PARTIAL_SUFFIX,
  repositoryOfFolder,
} from './cache-layout.ts';
import { isCommit } from './model-reference.ts';

/** A file of a snapshot. */
export interface CachedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** The blob's name, which is its content's hash; undefined for a copy, and for a link to something else. */
  readonly etag: string | undefined;
  /** The link leads nowhere. */
  readonly broken: boolean;
}

export interface CachedSnapshot {
  readonly commit: string;
  readonly refs: readonly string[];
  readonly files: readonly CachedFile[];
}

export interface CachedRepository {
  readonly repository: string;
  readonly layout: CacheLayout;
  readonly snapshots: readonly CachedSnapshot[];
  /** What is left of downloads that did not end, by huggingface_hub or by us. */
  readonly partials: readonly PartialBlob[];
}

export interface PartialBlob {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/**
 * Looks through the whole cache folder for models. A folder that does not exist holds none.
 * @throws OnnxPredictError CACHE_INVALID if it cannot be read
 */
export async function scanCache(cacheDir: string): Promise<CachedRepository[]> {
  // Locks may outlive their repository, or have come before it.
  const folders = [...(await list(cacheDir)), ...(await list(join(cacheDir, LOCKS_FOLDER)))];
  const repositories = new Set(folders.flatMap(({ name }) => repositoryOfFolder(name) ?? []).sort());
  return Promise.all([...repositories].map((repository) => scanRepository(cacheDir, repository)));
}

/** Looks through one repository's folder. */
export async function scanRepository(cacheDir: string, repository: string): Promise<CachedRepository> {
  const layout = cacheLayout(cacheDir, repository);
  const refs = await readRefs(layout);
  const commits = (await list(layout.snapshots))
    .map(({ name }) => name)
    .filter(isCommit)
    .sort();
  const snapshots = await Promise.all(
    commits.map(async (commit) => {
      const folder = layout.snapshot(commit);
      const files = await Promise.all((await walk(folder)).map((path) => describeFile(layout, folder, path)));
      return { commit, refs: refs.get(commit) ?? [], files };
    }),
  );
  return { repository, layout, snapshots, partials: await findPartials(layout) };
}

async function readRefs(layout: CacheLayout): Promise<ReadonlyMap<string, string[]>> {
  const refs = new Map<string, string[]>();
  for (const path of await walk(layout.refs)) {
    const commit = (await readFile(path, 'utf8').catch(() => '')).trim();
    const name = relative(layout.refs, path).split(sep).join('/');
    refs.set(commit, [...(refs.get(commit) ?? []), name]);
  }
  return refs;
}

async function describeFile(layout: CacheLayout, folder: string, path: string): Promise<CachedFile> {
  const [target, found] = await Promise.all([readlink(path).catch(() => undefined), statOf(path)]);
  const blob = target === undefined ? undefined : join(path, '..', target);
  const etag = blob !== undefined && blob === join(layout.blobs, basename(blob)) ? basename(blob) : undefined;
  return {
    path: relative(folder, path).split(sep).join('/'),
    sizeBytes: found?.size ?? 0,
    etag: etag !== undefined && isContentHash(etag) ? etag : undefined,
    broken: found === undefined,
  };
}

async function findPartials(layout: CacheLayout): Promise<PartialBlob[]> {
  const names = (await list(layout.blobs)).map(({ name }) => name).filter((name) => name.endsWith(PARTIAL_SUFFIX));
  const partials = await Promise.all(
    names.map(async (name) => {
      const found = await statOf(join(layout.blobs, name));
      return found === undefined ? [] : [{ name, sizeBytes: found.size, modifiedMs: found.mtimeMs }];
    }),
  );
  return partials.flat();
}

/** All files below a folder. Links to folders are not followed. */
async function walk(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await list(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) paths.push(...(await walk(path)));
    else paths.push(path);
  }
  return paths.sort();
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new OnnxPredictError('CACHE_INVALID', `The cache folder ${folder} cannot be read (${code}).`, { cause: error });
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
