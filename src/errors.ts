/**
 * Every way in which this package refuses or fails, as a stable code. The two edges map each code once, to an exit status and
 * to an HTTP status, in tables typed by this union.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INPUT_NOT_FOUND'
  | 'INPUT_UNREADABLE'
  | 'IMAGE_UNSUPPORTED'
  | 'IMAGE_INVALID'
  | 'IMAGE_TOO_LARGE'
  | 'TEXT_INVALID'
  | 'TEXT_TOO_LONG'
  | 'MODEL_UNKNOWN'
  | 'MODEL_NOT_AVAILABLE'
  | 'MODEL_INVALID'
  | 'REPOSITORY_NOT_FOUND'
  | 'REPOSITORY_GATED'
  | 'REVISION_NOT_FOUND'
  | 'HUB_OFFLINE'
  | 'HUB_UNREACHABLE'
  | 'HUB_UNAUTHORIZED'
  | 'HUB_INVALID_ANSWER'
  | 'DOWNLOAD_CORRUPT'
  | 'CACHE_UNWRITABLE'
  | 'CACHE_INVALID'
  | 'CACHE_BUSY'
  | 'PREPARATION_FAILED'
  | 'RUNNER_CRASHED'
  | 'RUNNER_UNRESPONSIVE'
  | 'RUNNER_START_FAILED'
  | 'QUEUE_FULL'
  | 'QUEUE_TIMEOUT'
  | 'INPUT_REFUSED'
  | 'MEMORY_EXCEEDED'
  | 'ENGINE_CLOSED'
  | 'INTERNAL';

/** An error as it crosses the process border and as `--json` prints it. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * The one error class of this package. `message` says what failed, with which value, and what to do next; `code` is stable;
 * `cause` is the foreign error, where there was one.
 */
export class OnnxPredictError extends Error {
  override readonly name = 'OnnxPredictError';
  readonly code: ErrorCode;
  /** Of QUEUE_FULL and QUEUE_TIMEOUT: when it is worth asking again, by what answers took lately. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, { retryAfterMs, ...options }: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What is told of `error` outside the process it was thrown in: its code and message, never a stack. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof OnnxPredictError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
