import { OnnxPredictError } from '../errors.ts';
import type { ModelReference } from './model-reference.ts';

/** What a request was for, for messages. */
export interface RequestSubject extends ModelReference {
  /** The file, where it was about one. */
  readonly path?: string;
  /** The Hub's address. */
  readonly endpoint: string;
}

const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524]);
/** The name, the network, a firewall or the certificate is wrong, and will be in a second. */
const LASTING_CODES =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|EACCES|EPERM|CERT_.*|.*_CERT.*|ERR_(?:TLS|SSL|INVALID|UNSUPPORTED).*)$/;

const WAYS_OUT = 'Or use --model tiny (model: "tiny"), which is built in.';

/** Whether an answer of this status may be another one in a moment. */
export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

/** Whether a failed connection may succeed in a moment. What has no code never was a connection. */
export function isTransientError(error: unknown): boolean {
  const code = systemCode(error);
  return code !== '' && !LASTING_CODES.test(code);
}

/** The error for what `fetch` or a body's stream threw. */
export function connectionFailure(error: unknown, subject: RequestSubject): OnnxPredictError {
  if (error instanceof OnnxPredictError) return error;
  const code = systemCode(error);
  return new OnnxPredictError(
    'HUB_UNREACHABLE',
    `${describe(subject)} could not be fetched: ${new URL(subject.endpoint).host} did not answer${code === '' ? '' : ` (${code})`}. ` +
      'Check the network, HF_ENDPOINT for a mirror and HTTPS_PROXY for a proxy. ' +
      (subject.path === undefined ? '' : 'What arrived is kept: the same command goes on from there. ') +
      WAYS_OUT,
    { cause: error },
  );
}

/** The error for an answer that is none of 2xx and 3xx. The Hub's X-Error-Code says more than the status. */
export function statusFailure(
  status: number,
  {
    errorCode,
    retryAfterMs,
    authenticated,
  }: { readonly errorCode: string | null; readonly retryAfterMs: number; readonly authenticated: boolean },
  subject: RequestSubject,
): OnnxPredictError {
  const { repository, revision, endpoint } = subject;
  const what = describe(subject);
  const host = new URL(endpoint).host;
  if (errorCode === 'GatedRepo') {
    return new OnnxPredictError(
      'REPOSITORY_GATED',
      `${what}: the repository is gated. Accept its terms at ${endpoint}/${repository}, then set HF_TOKEN to a token of that account.`,
    );
  }
  if (errorCode === 'RevisionNotFound') {
    return new OnnxPredictError(
      'REVISION_NOT_FOUND',
      `The repository ${repository} has no revision ${revision}; see ${endpoint}/${repository}/commits/main.`,
    );
  }
  if (errorCode === 'EntryNotFound' || (status === 404 && errorCode === null && subject.path !== undefined)) {
    return new OnnxPredictError('MODEL_NOT_AVAILABLE', `${what} does not exist. ${WAYS_OUT}`);
  }
  // The Hub answers 401 for what does not exist, so as not to tell what is private, and for a token that is not valid.
  if (errorCode === 'RepoNotFound' || status === 404 || (status === 401 && errorCode === null && !authenticated)) {
    return new OnnxPredictError(
      'REPOSITORY_NOT_FOUND',
      `There is no repository ${repository} on ${host} that may be read. Check its name; if it is private, set HF_TOKEN to a token that may read it. ${WAYS_OUT}`,
    );
  }
  if (status === 401 || status === 403) {
    return new OnnxPredictError(
      'HUB_UNAUTHORIZED',
      `${what} was refused (${status}). Set HF_TOKEN to a valid token that may read it, or unset one that is no longer valid.`,
    );
  }
  if (isTransientStatus(status)) {
    const wait = retryAfterMs > 0 ? ` and asks to wait ${Math.ceil(retryAfterMs / 1000)} s` : '';
    const cause = status === 429 ? 'too many requests (429); a token (HF_TOKEN) has a higher limit' : `status ${status}`;
    return new OnnxPredictError(
      'HUB_UNREACHABLE',
      `${what} could not be fetched: ${host} answers ${cause}${wait}. Try again later. ${WAYS_OUT}`,
    );
  }
  return new OnnxPredictError('HUB_INVALID_ANSWER', `${what} could not be fetched: ${host} answers status ${status}.`);
}

/** `onnx/model.onnx of Xenova/mit-b0 at main`. */
function describe({ path, repository, revision }: Omit<RequestSubject, 'endpoint'>): string {
  return `${path === undefined ? 'The list of files' : path} of ${repository} at ${revision}`;
}

/** The code of a system error, which `fetch` hides in causes; empty if there is none. */
function systemCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return '';
}
