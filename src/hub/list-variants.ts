import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFile, ModelVariant, Task } from '../schemas.ts';
import type { RepositoryListing } from './list-repository.ts';
import { DTYPES, fileNames, isExternalData, type ModelFiles, modelFiles, TASKS } from './model-files.ts';

/** What a model is for, and the dtypes in which it is there. */
export interface ModelContent {
  /** Null if its files are for no task that is known here; then there are no variants. */
  readonly task: Task | null;
  readonly variants: readonly ModelVariant[];
}

/** What a folder, or a snapshot in the cache, holds; of one task if that is named. */
export async function listFolderVariants(folder: string, task?: Task): Promise<ModelContent> {
  const [names, graphs] = await Promise.all([list(folder), list(join(folder, 'onnx'))]);
  const sizes = new Map<string, number>();
  for (const path of [...names, ...graphs.map((name) => `onnx/${name}`)]) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() === true) sizes.set(path, found.size);
  }
  return findVariants(sizes, task, true);
}

/** What a repository holds, with what each dtype would download; of one task if that is named. */
export function listRemoteVariants({ files }: RepositoryListing, task?: Task): ModelContent {
  return findVariants(new Map([...files].map(([path, { sizeBytes }]) => [path, sizeBytes])), task, false);
}

function findVariants(sizes: ReadonlyMap<string, number>, wanted: Task | undefined, onDisk: boolean): ModelContent {
  for (const task of wanted === undefined ? TASKS : [wanted]) {
    const variants = DTYPES.flatMap((dtype): ModelVariant[] => {
      const files = modelFiles(task, dtype).find(({ required }) => Object.values(required).every((name) => sizes.has(name)));
      if (files === undefined) return [];
      const present = presentFiles(sizes, files);
      return [{ dtype, files: present, sizeBytes: present.reduce((sum, file) => sum + file.sizeBytes, 0), onDisk }];
    });
    if (variants.length > 0) return { task, variants };
  }
  return { task: null, variants: [] };
}

function presentFiles(sizes: ReadonlyMap<string, number>, files: ModelFiles): ModelFile[] {
  const data = [...sizes.keys()].filter((path) => files.graphs.some((graph) => isExternalData(graph, path)));
  return [...fileNames(files), ...data].flatMap((path) => {
    const sizeBytes = sizes.get(path);
    return sizeBytes === undefined ? [] : [{ path, sizeBytes }];
  });
}

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
