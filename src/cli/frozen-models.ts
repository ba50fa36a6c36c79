import { OnnxPredictError } from '../errors.ts';
import { differences } from '../locked-model.ts';
import type { LockEntry } from './lock-file.ts';

/** What was asked for of a lock file. */
export interface FrozenRequest {
  /** Undefined: all. */
  readonly model: string | undefined;
  /** Undefined: whatever is locked. */
  readonly dtype: string | undefined;
  readonly revision: string | undefined;
}

/**
 * The entries of a lock file that are asked for.
 * @throws OnnxPredictError INVALID_ARGUMENT if there are none, or they are of another revision
 */
export function chooseEntries(
  entries: readonly LockEntry[],
  path: string,
  { model, dtype, revision }: FrozenRequest,
): readonly LockEntry[] {
  const chosen = entries.filter(
    (entry) => (model === undefined || entry.name === model) && (dtype === undefined || entry.dtype === dtype),
  );
  if (chosen.length === 0) {
    const what = model === undefined ? 'no model' : `no ${model}${dtype === undefined ? '' : ` in ${dtype}`}`;
    throw new OnnxPredictError('INVALID_ARGUMENT', `The lock file ${path} has ${what}; "pull --lock" adds it.`);
  }
  const other =
    revision === undefined ? undefined : chosen.find((entry) => entry.revision !== revision && entry.ref !== revision);
  if (other === undefined) return chosen;
  throw new OnnxPredictError(
    'INVALID_ARGUMENT',
    `${other.name} is locked at ${other.revision} (${path}), and not at ${revision}.`,
  );
}

/**
 * Refuses a model that is not what was locked, in whatever.
 * @throws OnnxPredictError CACHE_INVALID
 */
export function refuseDifferences(entry: LockEntry, found: Parameters<typeof differences>[1], path: string): void {
  const all = differences(entry, found);
  if (all.length === 0) return;
  const said = all.slice(0, 3).join('; ');
  const more = all.length > 3 ? `; and ${all.length - 3} more` : '';
  const remedy = `"onnx-predict rm -y ${entry.repository}@${entry.revision}" and another pull fetch it anew; "pull --lock" accepts it`;
  throw new OnnxPredictError('CACHE_INVALID', `${entry.name} is not what ${path} says: ${said}${more}. ${remedy}.`);
}
