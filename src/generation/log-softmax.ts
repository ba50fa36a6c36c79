import { OnnxPredictError } from '../errors.ts';

/**
 * Replaces logits by log-probabilities, rounded as PyTorch's float32 `log_softmax` rounds them: `(x - max) - log(sum)`.
 * @param row [vocabSize]
 * @throws OnnxPredictError MODEL_INVALID if a logit is not a number
 */
export function logSoftmax(row: Float32Array): void {
  const max = maximum(row);
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const distance = row[i]! - max;
    sum += distance < NEGLIGIBLE ? 0 : Math.exp(distance);
  }
  // Also where a logit is +Infinity, or all are -Infinity.
  if (Number.isNaN(sum)) throw notNumbers();
  const logSum = Math.fround(Math.log(sum));
  for (let i = 0; i < row.length; i++) row[i] = Math.fround(row[i]! - max) - logSum;
}

/**
 * Refuses what became of logits that are not numbers.
 * @param row [vocabSize], of log-probabilities: if one logit is not a number, none of them is
 * @throws OnnxPredictError MODEL_INVALID
 */
export function checkLogProbs(row: Float32Array): void {
  if (Number.isNaN(row[0])) throw notNumbers();
}

/**
 * The index of the largest logit, the first of equals.
 * @param row [vocabSize]
 * @throws OnnxPredictError MODEL_INVALID if a logit is not a number
 */
export function argmax(row: Float32Array): number {
  let best = 0;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) {
    const x = row[i]!;
    if (x > max) {
      max = x;
      best = i;
    } else if (Number.isNaN(x)) throw notNumbers();
  }
  return best;
}

// e^-50 is 2e-22: a whole vocabulary of such terms is lost in the rounding of the sum, which is at least 1.
const NEGLIGIBLE = -50;

function maximum(row: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) if (row[i]! > max) max = row[i]!;
  return max;
}

function notNumbers(): OnnxPredictError {
  return new OnnxPredictError(
    'MODEL_INVALID',
    'The model answered with scores that are not numbers; its files may be damaged, or its dtype too coarse: try fp32.',
  );
}
