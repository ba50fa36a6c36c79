import { expect, test } from 'vitest';
import { lengthsOfParts } from '../../src/part-lengths.ts';
import { seededRandom } from './preprocessing/random.ts';

const T5 = { minLength: 30, maxLength: 130, maxInputTokens: 512 };

test('where the maximum leaves every part enough to say, each has its share of both lengths', () => {
  expect(lengthsOfParts(T5, [400, 400])).toEqual([
    { minLength: 15, maxLength: 65 },
    { minLength: 15, maxLength: 65 },
  ]);
  expect(lengthsOfParts({ ...T5, maxLength: 400 }, [500, 300])).toEqual([
    { minLength: 19, maxLength: 250 },
    { minLength: 12, maxLength: 150 },
  ]);
});

test('otherwise each may be as long as if it were alone, within a quarter of what the model reads', () => {
  expect(lengthsOfParts(T5, [400, 400, 400])).toEqual(Array.from({ length: 3 }, () => ({ minLength: 30, maxLength: 128 })));
  expect(lengthsOfParts({ ...T5, maxLength: 100 }, [400, 400, 400])[0]).toEqual({ minLength: 30, maxLength: 100 });
  expect(lengthsOfParts({ ...T5, maxInputTokens: 40 }, [40, 40, 40])[0]).toEqual({ minLength: 10, maxLength: 16 });
});

test('a short part is not asked for more than it has to say', () => {
  expect(lengthsOfParts(T5, [400, 400, 20])[2]).toEqual({ minLength: 5, maxLength: 128 });
});

test('lengths are always possible, and a round always leaves less than it had', () => {
  const random = seededRandom(3);
  for (let run = 0; run < 1000; run++) {
    const maxInputTokens = 64 + random(1000);
    const maxLength = 2 + random(1000);
    const lengths = { minLength: random(maxLength + 1), maxLength, maxInputTokens };
    const tokens = Array.from({ length: 2 + random(20) }, () => 1 + random(maxInputTokens));
    const parts = lengthsOfParts(lengths, tokens);
    for (const [place, part] of parts.entries()) {
      expect(part.minLength).toBeLessThanOrEqual(part.maxLength);
      expect(part.minLength).toBeLessThanOrEqual(tokens[place]! / 4);
      expect(part.maxLength).toBeGreaterThanOrEqual(2);
      expect(part.maxLength).toBeLessThanOrEqual(maxLength);
      expect(Number.isInteger(part.minLength) && Number.isInteger(part.maxLength)).toBe(true);
    }
    if (maxLength / tokens.length < 48) for (const part of parts) expect(part.maxLength).toBeLessThanOrEqual(maxInputTokens / 4);
  }
});
