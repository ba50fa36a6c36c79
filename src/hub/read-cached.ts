import { readFile, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import type { CacheLayout } from './cache-layout.ts';
import { externalDataName, type ModelFiles } from './model-files.ts';
import { isCommit } from './model-reference.ts';
import { needsExternalData } from './needs-external-data.ts';

/** What the cache holds of a model. */
export interface CachedModel {
  /** Which of the sets of files that would do this is about: one that is there, else the best. */
  readonly files: ModelFiles;
  /** Undefined if the cache does not know which commit the revision is. */
  readonly commit: string | undefined;
  /** Absolute paths of the files that are there, by their role. */
  readonly paths: Readonly<Record<string, string>>;
  /** Names in the repository of the required files that are not. */
  readonly missing: readonly string[];
  /** Of these, the ones of which it is on record (`.no_exist`) that the commit does not have them. */
  readonly absent: readonly string[];
  /** Names of the optional files of which it is not known whether the commit has them: another program filled the cache. */
  readonly unknown: readonly string[];
}

/**
 * Looks a model up in the cache, as huggingface_hub left it or we did. Nothing is asked of anybody.
 * @param alternatives the sets of files that would do, best first
 * @throws OnnxPredictError CACHE_INVALID for a file that is a link out of the cache
 */
export async function readCached(
  layout: CacheLayout,
  revision: string,
  alternatives: readonly [ModelFiles, ...ModelFiles[]],
): Promise<CachedModel> {
  const commit = await readReference(layout, revision);
  let best: CachedModel | undefined;
  for (const files of alternatives) {
    const cached = await readFiles(layout, commit, files);
    if (cached.missing.length === 0) return cached;
    best ??= cached;
  }
  return best!;
}

async function readFiles(layout: CacheLayout, commit: string | undefined, files: ModelFiles): Promise<CachedModel> {
  const { required, optional, graphs } = files;
  const paths: Record<string, string> = {};
  const missing: string[] = [];
  const absent: string[] = [];
  const unknown: string[] = [];
  for (const [role, name] of Object.entries({ ...required, ...optional })) {
    const path = commit === undefined ? undefined : await findFile(layout, layout.snapshotFile(commit, name));
    const isAbsent = path === undefined && commit !== undefined && (await exists(layout.absence(commit, name)));
    if (path !== undefined) paths[role] = path;
    else if (role in required) {
      missing.push(name);
      if (isAbsent) absent.push(name);
    } else if (!isAbsent) unknown.push(name);
  }
  if (commit !== undefined) missing.push(...(await findMissingWeights(layout, commit, graphs)));
  return { files, commit, paths, missing, absent, unknown };
}

/** Files of weights that graphs in the cache name and that are neither there nor known to be absent. */
async function findMissingWeights(layout: CacheLayout, commit: string, graphs: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (const graph of graphs) {
    const path = layout.snapshotFile(commit, graph);
    const name = externalDataName(graph, 0);
    if (!(await exists(path)) || (await exists(layout.snapshotFile(commit, name)))) continue;
    if (!(await exists(layout.absence(commit, name))) && (await needsExternalData(path))) missing.push(name);
  }
  return missing;
}

/** The commit of a revision, as far as the cache knows. */
export async function readReference(layout: CacheLayout, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(layout.ref(revision), 'utf8').catch(() => '');
  const commit = text.trim();
  return isCommit(commit) ? commit : undefined;
}

/** The path, if there is a file whose links stay in the cache. */
async function findFile(layout: CacheLayout, path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return undefined;
  const [file, cache, root] = await Promise.all([realpath(path), realpath(layout.cacheDir), realpath(layout.root)]);
  // The repository's folder may itself be a link, to a larger disk; huggingface_hub may share blobs within the cache folder.
  const inside = [cache, root].some((folder) => file.startsWith(folder + sep));
  if (inside) return path;
  throw new OnnxPredictError('CACHE_INVALID', `${path} is a link out of the cache folder, to ${file}; remove it.`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
