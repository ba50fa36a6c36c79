import { describe, expect, test } from 'vitest';
import { argmax, logSoftmax } from '../../../src/generation/log-softmax.ts';

describe('logSoftmax', () => {
  test('gives log-probabilities', () => {
    const row = Float32Array.of(0, Math.log(2), Math.log(5));
    logSoftmax(row);
    [1 / 8, 2 / 8, 5 / 8].forEach((probability, i) => {
      expect(row[i]).toBeCloseTo(Math.log(probability), 6);
    });
  });

  test('subtracts the maximum first, so that large logits keep their differences', () => {
    const row = Float32Array.of(3000, 2999.75);
    logSoftmax(row);
    expect(row[0]).toBeCloseTo(-0.575939, 6);
    expect(row[1]).toBeCloseTo(-0.825939, 6);
  });

  test('leaves impossible tokens impossible', () => {
    const row = Float32Array.of(Number.NEGATIVE_INFINITY, 4);
    logSoftmax(row);
    expect([...row]).toEqual([Number.NEGATIVE_INFINITY, 0]);
  });

  test.each([[[Number.NaN, 1]], [[Number.POSITIVE_INFINITY, 1]], [[Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]]])(
    'refuses %j, which no working model gives',
    (logits) => {
      expect(() => logSoftmax(Float32Array.from(logits))).toThrow('not numbers');
    },
  );
});

describe('argmax', () => {
  test('takes the first of equals', () => {
    expect(argmax(Float32Array.of(1, 3, 3, 2))).toBe(1);
  });

  test('refuses what is not a number', () => {
    expect(() => argmax(Float32Array.of(1, Number.NaN))).toThrow('not numbers');
  });
});
