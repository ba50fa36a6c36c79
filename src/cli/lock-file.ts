import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { type LockedModel, LockedModelSchema } from '../locked-model.ts';
import { snakeCaseKeys } from '../snake-case.ts';
import { camelCaseKeys } from './remote/camel-case.ts';

/** Models by the names and dtypes by which they are asked for, as `models.lock` has them. */
export interface LockFile {
  readonly models: readonly LockEntry[];
}

/** A model that is locked, and what it is called. */
export type LockEntry = LockedModel & { readonly name: string };

export const DEFAULT_LOCK_FILE = 'models.lock';

const LockFileSchema = v.strictObject({
  version: v.literal(1),
  models: v.array(v.strictObject({ name: v.pipe(v.string(), v.nonEmpty('must not be empty')), ...LockedModelSchema.entries })),
});

/** @throws OnnxPredictError INVALID_ARGUMENT if it is not there, or no such file */
export async function readLockFile(path: string): Promise<LockFile> {
  return (await readIfThere(path)) ?? fail(path, 'is not there: "onnx-predict pull MODEL --lock" makes one');
}

/** Writes a model into a lock file, in the place of what was locked by its name and dtype. */
export async function lockModel(path: string, entry: LockEntry): Promise<void> {
  const { models } = (await readIfThere(path)) ?? { models: [] };
  const others = models.filter((each) => keyOf(each) !== keyOf(entry));
  const sorted = [...others, entry].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const content = `${JSON.stringify(snakeCaseKeys({ version: 1, models: sorted }), null, 2)}\n`;
  const draft = `${path}.${process.pid}.part`;
  try {
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => {});
    fail(path, `cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`, error);
  }
}

function keyOf({ name, task, dtype }: LockEntry): string {
  return JSON.stringify([name, task, dtype]);
}

async function readIfThere(path: string): Promise<LockFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT') return undefined;
    return fail(path, `cannot be read (${code})`, error);
  }
  try {
    return v.parse(LockFileSchema, camelCaseKeys(JSON.parse(text)));
  } catch (error) {
    return fail(path, `is no lock file that can be read: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

function fail(path: string, problem: string, cause?: unknown): never {
  throw new OnnxPredictError('INVALID_ARGUMENT', `The lock file ${path} ${problem}.`, { cause });
}
