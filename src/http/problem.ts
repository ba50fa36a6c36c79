import { type ErrorCode, OnnxPredictError } from '../errors.ts';
import { type ProblemDetail, Refusal } from './refusal.ts';

/** An error as HTTP tells it. */
export interface Problem {
  readonly status: number;
  readonly detail: ProblemDetail;
  readonly headers: Readonly<Record<string, string>>;
}

/** How one kind of failure is told. */
interface ProblemRow {
  readonly status: number;
  /** Null: the error's own message, which names neither a path nor a model's folder. */
  readonly detail: string | null;
  /** When it is worth asking again, unless the error knows better. */
  readonly retryAfterSeconds?: number;
}

const NO_MODEL = 'The model cannot be had on this server; its operator can fetch it with "onnx-predict pull".';
const LOADING_SECONDS = 30;

/** Every way in which the engine refuses or fails. A code without a row does not compile. */
const PROBLEMS: Readonly<Record<ErrorCode, ProblemRow>> = {
  INVALID_ARGUMENT: { status: 422, detail: 'The request asks for something that this model cannot do; leave its options out.' },
  INPUT_NOT_FOUND: { status: 500, detail: 'The upload was lost on this server; send it again.' },
  INPUT_UNREADABLE: { status: 500, detail: 'The upload could not be kept on this server; its operator should see to the disk.' },
  IMAGE_UNSUPPORTED: { status: 400, detail: null },
  IMAGE_INVALID: { status: 400, detail: null },
  IMAGE_TOO_LARGE: { status: 413, detail: null },
  TEXT_INVALID: { status: 400, detail: null },
  TEXT_TOO_LONG: { status: 413, detail: null },
  MODEL_UNKNOWN: { status: 400, detail: 'Invalid model specified.' },
  MODEL_NOT_AVAILABLE: unavailable(NO_MODEL),
  MODEL_INVALID: unavailable('The files of the model do not fit together; the operator of this server can fetch it again.'),
  REPOSITORY_NOT_FOUND: unavailable(NO_MODEL),
  REPOSITORY_GATED: unavailable(NO_MODEL),
  REVISION_NOT_FOUND: unavailable(NO_MODEL),
  HUB_OFFLINE: unavailable(NO_MODEL),
  HUB_UNREACHABLE: unavailable('The model is not on this server, and the Hugging Face Hub cannot be reached; try again later.'),
  HUB_UNAUTHORIZED: unavailable(NO_MODEL),
  HUB_INVALID_ANSWER: unavailable('The model is not on this server, and could not be fetched; try again later.'),
  DOWNLOAD_CORRUPT: unavailable('The model arrived damaged from the Hugging Face Hub; try again later.'),
  CACHE_UNWRITABLE: unavailable('The model could not be kept on this server; its operator should see to the disk.'),
  CACHE_INVALID: unavailable('The model cache of this server is damaged; its operator can run "onnx-predict verify".'),
  CACHE_BUSY: unavailable('The model is being fetched by another process; try again later.'),
  PREPARATION_FAILED: unavailable('The model could not be prepared on this server; its operator should see to it.'),
  RUNNER_CRASHED: { status: 500, detail: 'The process that ran the model ended unexpectedly; send the request again.' },
  RUNNER_UNRESPONSIVE: { status: 504, detail: 'The model did not answer in time; send the request again, or a smaller one.' },
  RUNNER_START_FAILED: unavailable('No process could be started for the model; try again later.'),
  QUEUE_FULL: { status: 429, detail: 'Too many requests are waiting; try again later.', retryAfterSeconds: 1 },
  QUEUE_TIMEOUT: { status: 503, detail: 'The request waited too long for its turn; try again later.', retryAfterSeconds: 1 },
  INPUT_REFUSED: { status: 422, detail: 'This input ended the process that ran the model, twice; it is refused for a while.' },
  MEMORY_EXCEEDED: unavailable('The model needs more memory than this server gives it; try again later.'),
  ENGINE_CLOSED: unavailable('The server is shutting down; try again later.'),
  INTERNAL: { status: 500, detail: 'Internal Server Error' },
};

/** What a caller is told of an error: no stack, no path, no temporary name. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error;
  const known = error instanceof OnnxPredictError ? error : undefined;
  const { status, detail, retryAfterSeconds } = PROBLEMS[known?.code ?? 'INTERNAL'];
  return {
    status,
    detail: detail ?? known?.message ?? 'Internal Server Error',
    headers: retryAfterSeconds === undefined ? {} : { 'Retry-After': retryAfter(known?.retryAfterMs, retryAfterSeconds) },
  };
}

function unavailable(detail: string): ProblemRow {
  return { status: 503, detail, retryAfterSeconds: LOADING_SECONDS };
}

function retryAfter(measuredMs: number | undefined, otherwiseSeconds: number): string {
  return String(measuredMs === undefined ? otherwiseSeconds : Math.max(1, Math.ceil(measuredMs / 1000)));
}

/** What went wrong in one sentence, for dialects that have no place for each fault of the values. */
export function toSentence(detail: ProblemDetail): string {
  return typeof detail === 'string' ? detail : detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ');
}
