import { OnnxPredictError } from '../errors.ts';
import type { AnswerTo, GenerationProgress, RunnerAnswer, RunnerRequest } from '../protocol.ts';
import type { QueueState } from '../schemas.ts';
import type { Batchable } from './batch-policy.ts';
import { createResumedText, type ResumedText } from './resumed-text.ts';

/** A request's way to be stopped, and to hear how far it is. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** One that is not begun within this time fails with QUEUE_TIMEOUT. */
  readonly maxWaitMs?: number | undefined;
  readonly onProgress?: ((progress: GenerationProgress) => void) | undefined;
  /** Told where it waits, if it does, and that it is begun then. */
  readonly onQueueState?: ((state: QueueState) => void) | undefined;
}

/** An answer, and what its request waited for. */
export interface HostedAnswer<Answer extends RunnerAnswer = RunnerAnswer> {
  readonly answer: Answer;
  /** For the model to be loaded. */
  readonly loadMs: number;
  /** For other requests, and on the way. */
  readonly queueMs: number;
}

/** A request from the queue to its answer. */
export interface Job extends Batchable {
  readonly id: number;
  readonly request: RunnerRequest;
  readonly queuedMs: number;
  readonly onProgress: RequestOptions['onProgress'];
  readonly onQueueState: RequestOptions['onQueueState'];
  /** As its caller was told last; undefined while it did not wait. */
  queueState: QueueState | undefined;
  readonly text: ResumedText;
  answer(answer: RunnerAnswer): void;
  reject(reason: unknown): void;
  numRows: number;
  alone: boolean;
  /** When it began to wait for a load, by performance.now(); undefined while it has not. */
  waitsSinceMs: number | undefined;
  loadMs: number;
  /** A runner said that it began with it. */
  begun: boolean;
  /** A runner died before it began with it, and it went back into the queue. */
  requeued: boolean;
  settled: boolean;
}

interface JobOptions<Request extends RunnerRequest> extends RequestOptions {
  readonly id: number;
  readonly request: Request;
  readonly numRows: number;
  /** Called at most once, when its signal is aborted or its time in the queue is over, if it is not settled by then. */
  readonly onGiveUp: (job: Job, reason: unknown) => void;
  readonly onTimeout: (job: Job) => void;
}

/** A job, and the promise of its answer. */
export function createJob<Request extends RunnerRequest>({
  id,
  request,
  numRows,
  signal,
  maxWaitMs,
  onProgress,
  onQueueState,
  onGiveUp,
  onTimeout,
}: JobOptions<Request>): { readonly job: Job; readonly answer: Promise<HostedAnswer<AnswerTo<Request>>> } {
  const { promise, resolve, reject } = withResolvers<HostedAnswer<AnswerTo<Request>>>();
  const onAbort = () => onGiveUp(job, signal?.reason);
  const timer = maxWaitMs === undefined ? undefined : setTimeout(() => onTimeout(job), maxWaitMs).unref();
  function settle(report: () => void): void {
    if (job.settled) return;
    job.settled = true;
    signal?.removeEventListener('abort', onAbort);
    clearTimeout(timer);
    report();
  }
  const job: Job = {
    id,
    request,
    numRows,
    queuedMs: performance.now(),
    onProgress,
    onQueueState,
    queueState: undefined,
    text: createResumedText(),
    answer: (answer) =>
      settle(() => {
        // A runner answers in kind.
        if (isAnswerTo(request, answer)) return resolve({ answer, loadMs: job.loadMs, queueMs: queueMsOf(job, answer) });
        reject(new OnnxPredictError('INTERNAL', `A runner answered a request for ${request.task} with another's answer.`));
      }),
    reject: (reason) => settle(() => reject(reason)),
    alone: false,
    waitsSinceMs: undefined,
    loadMs: 0,
    begun: false,
    requeued: false,
    settled: false,
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  return { job, answer: promise };
}

/** All of its time that was neither the load nor its own work. */
function queueMsOf({ queuedMs, loadMs }: Job, answer: RunnerAnswer): number {
  return Math.max(0, performance.now() - queuedMs - loadMs - workMsOf(answer));
}

function workMsOf(answer: RunnerAnswer): number {
  switch (answer.task) {
    case 'image-classification':
      return answer.timings.preprocessMs + answer.timings.inferenceMs;
    case 'summarization':
      return answer.timings.tokenizeMs + answer.timings.encodeMs + answer.timings.decodeMs;
    case 'text-division':
      return answer.timings.tokenizeMs;
    case 'tokenization':
      return 0;
  }
}

function isAnswerTo<Request extends RunnerRequest>(request: Request, answer: RunnerAnswer): answer is AnswerTo<Request> {
  return answer.task === request.task;
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve, reject };
}
