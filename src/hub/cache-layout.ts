import { join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import { isCommit } from './model-reference.ts';
import { checkRepositoryPath } from './repository-path.ts';

/**
 * Where huggingface_hub keeps one model repository below its cache folder:
 *
 *     models--ORGANISATION--NAME/blobs/ETAG              contents, by sha256 (LFS) or git blob sha1
 *     models--ORGANISATION--NAME/snapshots/COMMIT/PATH   relative links to them
 *     models--ORGANISATION--NAME/refs/REVISION           the commit of a branch or tag
 *     models--ORGANISATION--NAME/.no_exist/COMMIT/PATH   empty: the commit has no such file
 *     .locks/models--ORGANISATION--NAME/
 */
export interface CacheLayout {
  readonly cacheDir: string;
  /** The repository's own folder. */
  readonly root: string;
  readonly blobs: string;
  readonly snapshots: string;
  readonly refs: string;
  readonly noExist: string;
  readonly locks: string;
  blob(etag: string): string;
  /** What has arrived of a blob. */
  partial(etag: string): string;
  /** Huggingface_hub locks `ETAG.lock` in a way that Node cannot, so ours has a name of its own. */
  lock(etag: string): string;
  snapshot(commit: string): string;
  snapshotFile(commit: string, path: string): string;
  ref(revision: string): string;
  absence(commit: string, path: string): string;
}

const FOLDER_PREFIX = 'models--';
export const LOCKS_FOLDER = '.locks';
const ETAG = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
export const PARTIAL_SUFFIX = '.incomplete';
/** A name of our own: versions of huggingface_hub before 1.0 append to `ETAG.incomplete`, also after we had renamed it. */
export const OWN_PARTIAL_SUFFIX = `.onnx-predict${PARTIAL_SUFFIX}`;
export const LOCK_SUFFIX = '.onnx-predict.lock';

/** The layout of `repository` (`organisation/name`, already parsed) below `cacheDir`. */
export function cacheLayout(cacheDir: string, repository: string): CacheLayout {
  const folder = FOLDER_PREFIX + repository.replace('/', '--');
  const root = join(cacheDir, folder);
  const layout: CacheLayout = {
    cacheDir,
    root,
    blobs: join(root, 'blobs'),
    snapshots: join(root, 'snapshots'),
    refs: join(root, 'refs'),
    noExist: join(root, '.no_exist'),
    locks: join(cacheDir, LOCKS_FOLDER, folder),
    blob: (etag) => join(root, 'blobs', checkedEtag(etag)),
    partial: (etag) => join(root, 'blobs', checkedEtag(etag) + OWN_PARTIAL_SUFFIX),
    lock: (etag) => join(cacheDir, LOCKS_FOLDER, folder, checkedEtag(etag) + LOCK_SUFFIX),
    snapshot: (commit) => join(root, 'snapshots', checkedCommit(commit)),
    snapshotFile: (commit, path) => join(layout.snapshot(commit), checkedPath(path)),
    ref: (revision) => join(root, 'refs', checkedPath(revision)),
    absence: (commit, path) => join(root, '.no_exist', checkedCommit(commit), checkedPath(path)),
  };
  return layout;
}

/** The repository that a folder of the cache belongs to; undefined if it is none of a model with an organisation. */
export function repositoryOfFolder(folder: string): string | undefined {
  const parts = folder.split('--');
  return parts.length === 3 && parts[0] === 'models' && parts[1] !== '' && parts[2] !== ''
    ? `${parts[1]}/${parts[2]}`
    : undefined;
}

/** Whether `etag` is a content hash, the only kind of name that a blob gets from us. */
export function isContentHash(etag: string): boolean {
  return ETAG.test(etag);
}

function checkedEtag(etag: string): string {
  if (isContentHash(etag)) return etag;
  throw invalid(`a file's hash as ${JSON.stringify(etag.slice(0, 80))}, which is neither a sha256 nor a git sha1`);
}

function checkedCommit(commit: string): string {
  if (isCommit(commit)) return commit;
  throw invalid(`a commit as ${JSON.stringify(commit.slice(0, 80))}, which is no git commit`);
}

function checkedPath(path: string): string {
  checkRepositoryPath(path);
  return join(...path.split('/'));
}

function invalid(what: string): OnnxPredictError {
  return new OnnxPredictError('HUB_INVALID_ANSWER', `The Hub gave ${what}; it is not used.`);
}
