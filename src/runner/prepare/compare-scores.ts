import { OnnxPredictError } from '../../errors.ts';

/** Rounding in another order; the largest seen with T5 and BART models is 1e-5. */
const MAX_FP32_DIFFERENCE = 1e-3;
/** 8 bits; what they change is in docs/summarizing.md. */
const MAX_Q8_DIFFERENCE = 0.3;

/**
 * Checks that prepared graphs say what the stock graphs say.
 * @throws OnnxPredictError MODEL_INVALID with by how much they differ
 */
export function compareScores(
  expected: readonly Float32Array[],
  got: readonly Float32Array[],
  { quantized }: { readonly quantized: boolean },
): void {
  const difference = quantized ? meanDifference(expected, got) : largestDifference(expected, got);
  const allowed = quantized ? MAX_Q8_DIFFERENCE : MAX_FP32_DIFFERENCE;
  if (difference <= allowed) return;
  throw new OnnxPredictError('MODEL_INVALID', `The prepared graphs differ from the model's own by ${difference} of its scores.`);
}

/** The largest difference of two scores, of the row's root mean square; NaN if any is not a number. */
function largestDifference(expected: readonly Float32Array[], got: readonly Float32Array[]): number {
  return compare(
    expected,
    got,
    (difference, worst) => Math.max(worst, Math.abs(difference)),
    (worst) => worst,
  );
}

/** The root mean square of a row's differences, of that of the row's scores; the largest of all rows. */
function meanDifference(expected: readonly Float32Array[], got: readonly Float32Array[]): number {
  return compare(
    expected,
    got,
    (difference, sum) => sum + difference ** 2,
    (sum, length) => Math.sqrt(sum / length),
  );
}

function compare(
  expected: readonly Float32Array[],
  got: readonly Float32Array[],
  add: (difference: number, sum: number) => number,
  finish: (sum: number, length: number) => number,
): number {
  // Nothing to compare is no agreement.
  if (expected.length === 0 || expected.length !== got.length) return Number.POSITIVE_INFINITY;
  const differences = expected.map((row, place) => {
    const other = got[place]!;
    if (row.length !== other.length) return Number.POSITIVE_INFINITY;
    const sum = row.reduce((sum, score, i) => add(score - other[i]!, sum), 0);
    const squares = row.reduce((sum, score) => sum + score ** 2, 0);
    return finish(sum, row.length) / Math.sqrt(squares / row.length);
  });
  return Math.max(...differences);
}
