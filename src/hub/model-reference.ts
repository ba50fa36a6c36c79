import { OnnxPredictError } from '../errors.ts';
import { isSafeRepositoryPath } from './repository-path.ts';

/** A repository of the Hub at a revision: a branch, a tag, a `refs/pr/N`, or a commit. */
export interface ModelReference {
  /** `organisation/name`. */
  readonly repository: string;
  readonly revision: string;
}

export const DEFAULT_REVISION = 'main';
/** Huggingface_hub's own limit, of the whole id. */
const MAX_REPOSITORY_LENGTH = 96;
const MAX_REVISION_LENGTH = 200;
const REPOSITORY_PART = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
const REVISION_PART = /^[A-Za-z0-9_](?:[A-Za-z0-9_.+=-]*[A-Za-z0-9_+=-])?$/;
const COMMIT = /^[0-9a-f]{40}$/;

/** Whether `name` can only mean a repository of the Hub: two words with a slash between, and perhaps `@revision`. */
export function looksLikeRepository(name: string): boolean {
  return /^[^\s/\\@.:~][^\s/\\@:]*\/[^\s/\\@:]+(@.*)?$/.test(name);
}

/**
 * Parses `organisation/name[@revision]`, as strictly as folder names and addresses are made of it.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function parseModelReference(name: string, revision?: string): ModelReference {
  const at = name.indexOf('@');
  const repository = at < 0 ? name : name.slice(0, at);
  checkRepository(repository);
  const named = at < 0 ? undefined : name.slice(at + 1);
  if (named !== undefined && revision !== undefined && named !== revision) {
    throw invalid(`Model ${name} and revision ${revision} disagree; name the revision once.`);
  }
  const chosen = revision ?? named ?? DEFAULT_REVISION;
  checkRevision(chosen);
  return { repository, revision: chosen };
}

/** Whether `text` is a whole commit hash: the only kind of revision that never moves. */
export function isCommit(text: string): boolean {
  return COMMIT.test(text);
}

/** The rules of huggingface_hub's validate_repo_id, for an id with an organisation. */
function checkRepository(repository: string): void {
  const parts = repository.split('/');
  const wellFormed =
    parts.length === 2 &&
    parts.every((part) => REPOSITORY_PART.test(part)) &&
    repository.length <= MAX_REPOSITORY_LENGTH &&
    !/--|\.\.|\.git$/.test(repository);
  if (!wellFormed) {
    throw invalid(
      `${JSON.stringify(repository)} is no repository of the Hub: write organisation/name, of letters, digits, "-", "_" and ".".`,
    );
  }
}

function checkRevision(revision: string): void {
  const wellFormed =
    revision.length <= MAX_REVISION_LENGTH &&
    revision.split('/').every((part) => REVISION_PART.test(part) && !part.endsWith('.lock')) &&
    !revision.includes('..') &&
    isSafeRepositoryPath(revision);
  if (!wellFormed) {
    throw invalid(`${JSON.stringify(revision)} is no revision: name a branch, a tag or a commit.`);
  }
}

function invalid(message: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', message);
}
