import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Engine } from '../../engine.ts';
import { reportError } from '../../errors.ts';
import { formatBytes } from '../../format-bytes.ts';
import { type Check, checksOf } from './check.ts';

const { ok, warning, problem } = checksOf('models');
/** More than this is not hashed unasked: it takes longer than a report may. */
const MAX_HASHED_BYTES = 1e9;
/** The downloads of t5 and mit-b0. */
const ENOUGH_DISK_BYTES = 500e6;

/** The cache folder, what is in it, and whether the built-in models run. */
export async function checkModels(
  engine: Engine,
  { cacheDir, signal }: { readonly cacheDir: string; readonly signal: AbortSignal },
): Promise<readonly Check[]> {
  return [...(await checkFolder(cacheDir)), ...(await checkContent(engine, signal)), ...(await checkBuiltin(engine, signal))];
}

async function checkFolder(cacheDir: string): Promise<Check[]> {
  const found = await stat(cacheDir).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) {
    return [problem('cache', `${cacheDir} is no folder`, 'Remove it, or name another folder with HF_HUB_CACHE or --cache-dir.')];
  }
  const there = found === undefined ? await nearestFolder(cacheDir) : cacheDir;
  const writable = await access(there, constants.W_OK).then(
    () => true,
    () => false,
  );
  const state = found === undefined ? 'not there yet' : writable ? 'writable' : 'read-only';
  const remedy = 'Models that are there are used; to download others, name a folder of yours with HF_HUB_CACHE or --cache-dir.';
  return [
    writable ? ok('cache', `${cacheDir} (${state})`) : warning('cache', `${cacheDir} (read-only)`, remedy),
    await checkSpace(there),
  ];
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : nearestFolder(dirname(path));
}

async function checkSpace(folder: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = formatBytes(bavail * bsize);
    if (bavail * bsize >= ENOUGH_DISK_BYTES) return ok('free space', free);
    return warning('free space', free, 'Downloads may not fit: "onnx-predict prune" and "rm" make room.');
  } catch (error) {
    return warning('free space', 'not known', `It could not be asked for: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

async function checkContent(engine: Engine, signal: AbortSignal): Promise<Check[]> {
  const cached = (await engine.models.list()).filter(({ revision }) => revision !== null);
  const sizeBytes = cached.reduce((sum, model) => sum + model.sizeBytes, 0);
  const { removed } = await engine.models.prune({ dryRun: true });
  const partialBytes = removed.reduce((sum, file) => sum + file.sizeBytes, 0);
  const partial = `${removed.length} (${formatBytes(partialBytes)})`;
  return [
    ok('downloaded', cached.length === 0 ? 'no model' : `${cached.length} (${formatBytes(sizeBytes)})`),
    await checkHashes(engine, sizeBytes, signal),
    removed.length === 0
      ? ok('partial files', 'none')
      : warning('partial files', partial, 'Another pull goes on with them; "onnx-predict prune" removes them.'),
  ];
}

async function checkHashes(engine: Engine, sizeBytes: number, signal: AbortSignal): Promise<Check> {
  if (sizeBytes > MAX_HASHED_BYTES) {
    return ok('damaged files', `not looked for in ${formatBytes(sizeBytes)}; "onnx-predict verify" does`);
  }
  const verified = await engine.models.verify(undefined, { signal });
  const files = verified.flatMap(({ repository, files }) => files.map((file) => ({ repository, ...file })));
  const damaged = files.filter(({ status }) => status === 'corrupt' || status === 'missing');
  if (damaged.length === 0) return ok('damaged files', 'none');
  const names = [...new Set(damaged.map(({ repository }) => repository))];
  const remedy = `Run "onnx-predict rm -y NAME" and "onnx-predict pull NAME" for ${names.join(', ')}.`;
  return problem('damaged files', `${damaged.length} of ${files.length}`, remedy);
}

async function checkBuiltin(engine: Engine, signal: AbortSignal): Promise<Check[]> {
  const builtin = (await engine.models.list()).filter(({ repository }) => repository === null);
  return Promise.all(
    builtin.map(async ({ id, task, sizeBytes }) => {
      const name = `${id}, ${task === 'summarization' ? 'summarizer' : 'classifier'}`;
      try {
        if (task !== null) await engine.load(id, { task, signal });
        const memoryBytes = engine.status().find((model) => model.name === id && model.task === task)?.memoryBytes ?? null;
        return ok(
          name,
          `runs (${formatBytes(sizeBytes)}${memoryBytes === null ? '' : `; ${formatBytes(memoryBytes)} in memory`})`,
        );
      } catch (error) {
        signal.throwIfAborted();
        return problem(name, 'does not run', `${reportError(error).message} Install the package again.`);
      }
    }),
  );
}
