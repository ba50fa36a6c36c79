import { describe, expect, test } from 'vitest';
import { compareScores } from '../../../../src/runner/prepare/compare-scores.ts';
import { invalid, thrownBy } from './onnx-files.ts';

const EXACT = { quantized: false };
const QUANTIZED = { quantized: true };

/** Rows whose scores have a root mean square of 1. */
const ROWS = [Float32Array.of(1, -1, 1, -1), Float32Array.of(-1, 1, 1, -1)];

/** The rows with the last score of the last row changed. */
function changed(value: number): Float32Array[] {
  return ROWS.map((row, place) => Float32Array.from(row, (score, i) => (place === 1 && i === 3 ? value : score)));
}

describe('compareScores', () => {
  test.each([EXACT, QUANTIZED])('takes equal scores for equal, %o', (options) => {
    expect(() => compareScores(ROWS, changed(-1), options)).not.toThrow();
  });

  test('allows one score in fp32 to differ by a thousandth of its row, and no more', () => {
    expect(() => compareScores(ROWS, changed(-1.00099), EXACT)).not.toThrow();
    expect(thrownBy(() => compareScores(ROWS, changed(-1.00101), EXACT))).toMatchObject(invalid(/differ .* by 0\.0010\d+ of/));
    expect(thrownBy(() => compareScores(ROWS, changed(-0.99899), EXACT))).toMatchObject(invalid());
  });

  test('allows a row in 8 bits to differ by three tenths in the mean, and no more', () => {
    // One of four scores: twice as much.
    expect(() => compareScores(ROWS, changed(-1.599), QUANTIZED)).not.toThrow();
    expect(thrownBy(() => compareScores(ROWS, changed(-1.601), QUANTIZED))).toMatchObject(invalid(/differ .* by 0\.300\d+ of/));
  });

  test('measures by the size of the scores', () => {
    const large = ROWS.map((row) => row.map((score) => 1000 * score));
    const close = large.map((row) => row.map((score) => score + 0.9));
    expect(() => compareScores(large, close, EXACT)).not.toThrow();
    const small = ROWS.map((row) => row.map((score) => score / 1000));
    const far = small.map((row) => row.map((score) => score + 2e-6));
    expect(thrownBy(() => compareScores(small, far, EXACT))).toMatchObject(invalid());
  });

  describe.each([EXACT, QUANTIZED])('refuses, %o,', (options) => {
    const refused = (expected: readonly Float32Array[], got: readonly Float32Array[]) =>
      expect(thrownBy(() => compareScores(expected, got, options))).toMatchObject(invalid('differ'));

    test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s in either, and in both', (value) => {
      refused(ROWS, changed(value));
      refused(changed(value), ROWS);
      refused(changed(value), changed(value));
    });

    test('fewer or more rows', () => {
      refused(ROWS, ROWS.slice(1));
      refused(ROWS, [...ROWS, ...ROWS]);
    });

    test('shorter or longer rows', () => {
      refused(ROWS, [ROWS[0]!, ROWS[1]!.slice(1)]);
      refused(ROWS, [ROWS[0]!, Float32Array.of(...ROWS[1]!, 0)]);
    });

    test('nothing at all, which agrees with everything', () => {
      refused([], []);
      refused([new Float32Array()], [new Float32Array()]);
    });
  });
});
