import { describe, expect, test } from 'vitest';
import { createTopK } from '../../../src/generation/top-k.ts';
import { random } from './markov-decoder.ts';

describe('createTopK', () => {
  test('keeps the best of all that is offered, equal scores by index', () => {
    for (let seed = 0; seed < 200; seed++) {
      const next = random(seed);
      // Few different values, so that many are equal.
      const values = Float32Array.from({ length: 60 }, () => Math.floor(next() * 12) / 3);
      const k = 1 + Math.floor(next() * 20);
      const top = createTopK(k);
      top.offer(values.subarray(0, 25), 0, 0.5);
      top.offer(values.subarray(25), 25, 0.5);
      const expected = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b).slice(0, k);
      expect([...top.indices]).toEqual(expected);
      expect([...top.scores]).toEqual(expected.map((index) => Math.fround(values[index]! + 0.5)));
    }
  });

  test('adds as float32 does, where -1e9 swallows a log-probability', () => {
    const top = createTopK(3);
    top.offer(Float32Array.of(-7, -3, -5), 0, -1e9);
    expect([...top.indices]).toEqual([0, 1, 2]);
  });

  test('fills up with impossible candidates where there are too few', () => {
    const top = createTopK(2);
    top.offer(Float32Array.of(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, 1), 0);
    expect([...top.indices]).toEqual([2, 0]);
  });

  test('begins anew when it is cleared', () => {
    const top = createTopK(2);
    top.offer(Float32Array.of(5, 4, 3), 0);
    top.clear();
    top.offer(Float32Array.of(1, 2), 10);
    expect([...top.indices]).toEqual([11, 10]);
  });
});
