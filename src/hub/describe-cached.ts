import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import type { LockedModel } from '../locked-model.ts';
import type { Dtype, Task } from '../schemas.ts';
import { type CacheLayout, cacheLayout } from './cache-layout.ts';
import { listFolderVariants } from './list-variants.ts';
import { locateModel } from './locate-model.ts';
import { fileNames, modelFiles } from './model-files.ts';
import { isCommit } from './model-reference.ts';
import { readReference } from './read-cached.ts';

/** Which model, in which form. */
export interface CachedModelRequest {
  readonly model: string;
  readonly dtype: Dtype;
  readonly task: Task | undefined;
  readonly revision: string | undefined;
}

/** A model in the cache, and where it is there. */
export interface DescribedCache {
  readonly locked: LockedModel;
  readonly layout: CacheLayout;
  /** Names of files that the commit is known not to have. */
  readonly absent: readonly string[];
}

/**
 * Reads every byte of a model in the cache, and says what it is. Nothing is asked of the network.
 * @throws OnnxPredictError MODEL_NOT_AVAILABLE, MODEL_UNKNOWN, INVALID_ARGUMENT; the signal's reason
 */
export async function describeCached(
  cacheDir: string,
  { model, dtype, task: asked, revision }: CachedModelRequest,
  signal: AbortSignal,
): Promise<DescribedCache> {
  const location = await locateModel(model, { revision, task: asked });
  if (location.kind === 'folder') {
    const message = `Model ${model} is ${location.builtin === undefined ? 'a folder of yours' : 'built in'}: only models of the Hub have a commit.`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message);
  }
  const { reference, registered } = location;
  const layout = cacheLayout(cacheDir, reference.repository);
  const commit = await readReference(layout, reference.revision);
  const folder = commit === undefined ? undefined : layout.snapshot(commit);
  const content = folder === undefined ? undefined : await listFolderVariants(folder, asked ?? location.task);
  const variant = content?.variants.find((each) => each.dtype === dtype);
  if (commit === undefined || folder === undefined || content?.task == null || variant === undefined) {
    const what = `${reference.repository} at ${reference.revision} (${dtype})`;
    const message = `${what} is not whole in the cache ${cacheDir}. Run "onnx-predict pull ${model} --dtype ${dtype}" first.`;
    throw new OnnxPredictError('MODEL_NOT_AVAILABLE', message);
  }
  const files: LockedModel['files'] = [];
  for (const { path, sizeBytes } of variant.files) {
    files.push({ path, sizeBytes, sha256: await hashFile(layout.snapshotFile(commit, path), signal) });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  // A commit that was named says nothing of the branch by which others ask.
  const ref = isCommit(reference.revision) ? (registered?.revision ?? 'main') : reference.revision;
  const { repository } = reference;
  const locked: LockedModel = { task: content.task, dtype, repository, ref, revision: commit, files };
  return { locked, layout, absent: await absentFiles(layout, commit, locked) };
}

async function absentFiles(layout: CacheLayout, commit: string, { task, dtype }: LockedModel): Promise<string[]> {
  const recorded = new Set(await readdir(layout.absence(commit, 'x').slice(0, -1), { recursive: true }).catch(() => []));
  return modelFiles(task, dtype)
    .flatMap(fileNames)
    .filter((name, i, all) => recorded.has(name) && all.indexOf(name) === i);
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      signal.throwIfAborted();
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    signal.throwIfAborted();
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError('CACHE_INVALID', `${path} cannot be read (${code}).`, { cause: error });
  }
  return hash.digest('hex');
}
