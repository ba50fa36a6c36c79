import * as v from 'valibot';
import { DtypeSchema, TaskSchema } from './schemas.ts';

const countSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A file of a model, byte by byte the same wherever this is true of it. */
const LockedFileSchema = v.strictObject({
  /** Its name in the repository. */
  path: v.string(),
  sizeBytes: countSchema,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'must be a sha256')),
});

/** A model of the Hub in one dtype, as it is in the cache: which commit, and which bytes. */
export const LockedModelSchema = v.strictObject({
  task: TaskSchema,
  dtype: DtypeSchema,
  repository: v.string(),
  /** The branch or tag that was this commit. */
  ref: v.string(),
  revision: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, 'must be a commit')),
  files: v.pipe(v.array(LockedFileSchema), v.nonEmpty('must not be empty')),
});

export type LockedModel = v.InferOutput<typeof LockedModelSchema>;

/** What two descriptions of a model differ in, in one sentence each; nothing if they are the same. */
export function differences(locked: LockedModel, found: LockedModel): readonly string[] {
  const facts = (['repository', 'revision', 'task', 'dtype'] as const).flatMap((name) =>
    locked[name] === found[name] ? [] : [`its ${name} is ${found[name]}, and should be ${locked[name]}`],
  );
  const there = new Map(found.files.map((file) => [file.path, file]));
  const files = locked.files.flatMap(({ path, sizeBytes, sha256 }) => {
    const file = there.get(path);
    there.delete(path);
    if (file === undefined) return [`${path} is missing`];
    if (file.sizeBytes !== sizeBytes) return [`${path} has ${file.sizeBytes} bytes, and should have ${sizeBytes}`];
    return file.sha256 === sha256 ? [] : [`${path} has the sha256 ${file.sha256}, and should have ${sha256}`];
  });
  return [...facts, ...files, ...[...there.keys()].map((path) => `${path} should not be there`)];
}
