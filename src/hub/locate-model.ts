import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import type { Task } from '../schemas.ts';
import { looksLikeRepository, type ModelReference, parseModelReference } from './model-reference.ts';
import { aliasesOf, type BuiltinModel, REGISTERED_MODELS, type RegisteredRepository } from './registry.ts';

/** What a model's name means. */
export type ModelLocation =
  | {
      readonly kind: 'folder';
      readonly id: string;
      readonly folder: string;
      /** Known of what is built in. */
      readonly task: Task | undefined;
      /** What the registry knows of it, if it is built in. */
      readonly builtin: BuiltinModel | undefined;
    }
  | {
      readonly kind: 'repository';
      readonly reference: ModelReference;
      /** The alias by which it was named. */
      readonly alias: string | null;
      /** Known of what has an alias. */
      readonly task: Task | undefined;
      readonly registered: RegisteredRepository | undefined;
    };

/**
 * Finds out what `name` means: an alias, a folder in Hub layout, or a repository of the Hub, in this order (`./name` means the
 * folder). Nothing is asked of the network.
 * @throws OnnxPredictError MODEL_UNKNOWN, MODEL_NOT_AVAILABLE, INVALID_ARGUMENT
 */
export async function locateModel(
  name: string,
  { revision, task }: { readonly revision?: string | undefined; readonly task?: Task | undefined } = {},
): Promise<ModelLocation> {
  const at = name.indexOf('@');
  const alias = at < 0 ? name : name.slice(0, at);
  const named = REGISTERED_MODELS.filter((model) => model.alias === alias);
  const model = named.find((model) => task === undefined || model.task === task);
  if (model === undefined && named[0] !== undefined) {
    const problem = `Model ${alias} is for ${named[0].task}, not for ${task}`;
    throw new OnnxPredictError('MODEL_UNKNOWN', `${problem}; known for that: ${aliasesOf(task).join(', ')}.`);
  }
  const origin = model?.origin;
  if (origin !== undefined && 'repository' in origin) {
    const { repository } = origin;
    const reference = parseModelReference(
      repository + name.slice(alias.length),
      revision ?? (at < 0 ? origin.revision : undefined),
    );
    return { kind: 'repository', reference, alias, task: model?.task, registered: origin };
  }
  if (origin !== undefined && at < 0) {
    refuseRevision(name, revision, 'is built in');
    return { kind: 'folder', id: name, folder: origin.builtin, task: model?.task, builtin: origin };
  }
  const folder = resolve(name);
  const found = await statOrUndefined(folder);
  if (found?.isDirectory() === true) {
    refuseRevision(name, revision, 'is a folder here');
    return { kind: 'folder', id: name, folder, task: undefined, builtin: undefined };
  }
  if (found !== undefined) {
    throw new OnnxPredictError('MODEL_UNKNOWN', `Model ${name} is a file; name the folder that holds config.json and onnx/.`);
  }
  if (looksLikeRepository(name)) {
    const reference = parseModelReference(name, revision);
    const known = registeredAs(reference.repository);
    return { kind: 'repository', reference, alias: null, task: known?.task, registered: known?.registered };
  }
  const aliases = aliasesOf(task).join(', ');
  throw new OnnxPredictError(
    'MODEL_UNKNOWN',
    `There is no model ${name}: no alias (known: ${aliases}), no folder of that name, and no repository of the Hub (organisation/name).`,
  );
}

/** What the registry knows of a repository, however it was named. */
export function registeredAs(
  repository: string,
): { readonly alias: string; readonly task: Task; readonly registered: RegisteredRepository } | undefined {
  for (const { alias, task, origin } of REGISTERED_MODELS) {
    if ('repository' in origin && origin.repository === repository) return { alias, task, registered: origin };
  }
  return undefined;
}

function refuseRevision(name: string, revision: string | undefined, reason: string): void {
  if (revision === undefined) return;
  throw new OnnxPredictError('INVALID_ARGUMENT', `Model ${name} ${reason}: it has no revision ${revision}.`);
}

async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw new OnnxPredictError('MODEL_NOT_AVAILABLE', `${path} cannot be read (${code ?? 'unknown error'}).`, { cause: error });
  }
}
