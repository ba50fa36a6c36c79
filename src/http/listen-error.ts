import { OnnxPredictError } from '../errors.ts';

/** Why nothing can listen, in words that say what to do. */
export function listenError(cause: unknown, host: string, port: number): OnnxPredictError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return new OnnxPredictError('INVALID_ARGUMENT', explain(code, host, port), { cause });
}

function explain(code: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `port: another program listens on ${host} port ${port} already; choose another port, or 0 for any that is free`;
    case 'EACCES':
      return `port: ${port} may not be listened on by this user; choose one of 1024 and above`;
    case 'EADDRNOTAVAIL':
      return `host: ${host} is no address of this machine`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `host: the name ${host} could not be resolved (${code})`;
    default:
      return `host: ${host} port ${port} cannot be listened on (${code})`;
  }
}
