import type { Dtype, RunnerTask } from '../schemas.ts';

/** How many requests a runner works on at once. */
export interface BatchLimits {
  readonly maxRequests: number;
  /** Of the decoder: one for each text and beam. A step's memory grows with them. */
  readonly maxRows: number;
  /** Whether requests may join while the runner works, instead of waiting until all that it took are done. */
  readonly joins: boolean;
}

/** What the policy looks at in a request. */
export interface Batchable {
  /** Of the decoder: its beams; 1 where nothing is decoded. */
  readonly numRows: number;
  /** It was with others when their runner died: it may be the cause, so it is tried with no company. */
  readonly alone: boolean;
}

const ONE_AT_A_TIME: BatchLimits = { maxRequests: 1, maxRows: Infinity, joins: false };
/** While one picture is in the model the next ones are decoded beside it, each is answered as if it were alone. */
const PICTURES: BatchLimits = { maxRequests: 4, maxRows: Infinity, joins: true };
/** A decoder's step reads all weights once, however many texts it serves; but stock graphs copy what is known of a text for every row. */
const TEXTS: BatchLimits = { maxRequests: 8, maxRows: 8, joins: false };
const PREPARED_TEXTS: BatchLimits = { maxRequests: 8, maxRows: 32, joins: false };

/**
 * The limits for a model: only where a text's answer does not depend on its company are texts answered together.
 * @param prepared whether it runs on prepared graphs, which round each row by itself
 */
export function batchLimits(task: RunnerTask, dtype: Dtype, prepared = false): BatchLimits {
  if (task === 'image-classification') return PICTURES;
  if (task === 'summarization' && prepared) return PREPARED_TEXTS;
  // Dynamic quantisation takes its range over the whole batch, and half precision rounds by its order.
  return task === 'summarization' && dtype === 'fp32' ? TEXTS : ONE_AT_A_TIME;
}

/** How many requests from the head of `queue` a runner that works on `active` takes now. Nothing is taken out of its turn. */
export function nextBatch(queue: readonly Batchable[], active: readonly Batchable[], limits: BatchLimits): number {
  if (active.length > 0 && (!limits.joins || active.some(({ alone }) => alone))) return 0;
  let numRequests = active.length;
  let numRows = active.reduce((sum, request) => sum + request.numRows, 0);
  for (const [place, request] of queue.entries()) {
    if (numRequests === 0) {
      if (request.alone) return 1;
    } else if (request.alone || numRequests >= limits.maxRequests || numRows + request.numRows > limits.maxRows) {
      return place;
    }
    numRequests += 1;
    numRows += request.numRows;
  }
  return queue.length;
}
