import { OnnxPredictError } from '../errors.ts';

const REMEDY = 'name another folder with --cache-dir (cacheDir) or HF_HUB_CACHE';

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: `the disk is full; make room, or ${REMEDY}`,
  EDQUOT: `your disk quota is used up; make room, or ${REMEDY}`,
  EFBIG: `the file system takes no file of this size; ${REMEDY}`,
  EROFS: `the file system is read-only; ${REMEDY}`,
  EACCES: `permission is denied; ${REMEDY}`,
  EPERM: `the operation is not permitted; ${REMEDY}`,
  ENOTDIR: `there is a file where a folder should be; ${REMEDY}`,
  EEXIST: `there is a file where a folder should be; ${REMEDY}`,
  ELOOP: 'there is a link where a file should be; remove it',
};

/** The error for a file system call of the cache that failed; errors of our own pass as they are. */
export function cacheFailure(error: unknown, path: string): OnnxPredictError {
  if (error instanceof OnnxPredictError) return error;
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const problem = PROBLEMS[code] ?? REMEDY;
  return new OnnxPredictError('CACHE_UNWRITABLE', `${path} cannot be written (${code}): ${problem}.`, { cause: error });
}
