import { OnnxPredictError } from './errors.ts';

/** The error for a file of the caller's that cannot be read. */
export function inputFailure(error: unknown, path: string): OnnxPredictError {
  if (error instanceof OnnxPredictError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new OnnxPredictError('INPUT_NOT_FOUND', `There is no file ${path}.`, { cause: error });
  }
  return new OnnxPredictError('INPUT_UNREADABLE', `${path} cannot be read (${code}).`, { cause: error });
}
