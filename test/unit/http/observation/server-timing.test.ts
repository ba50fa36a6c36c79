import { expect, test } from 'vitest';
import { formatServerTiming } from '../../../../src/http/observation/server-timing.ts';

test('a summary’s times are named, and its count of steps is none of them', () => {
  const timings = { loadMs: 0, queueMs: 12.345, tokenizeMs: 1, encodeMs: 20.06, decodeMs: 300, steps: 44 };
  expect(formatServerTiming(timings, 340.04)).toBe(
    'load;dur=0, queue;dur=12.3, tokenize;dur=1, encode;dur=20.1, decode;dur=300, total;dur=340',
  );
});

test('a picture’s times are its own', () => {
  expect(formatServerTiming({ loadMs: 1, queueMs: 2, preprocessMs: 3, inferenceMs: 4 }, 11)).toBe(
    'load;dur=1, queue;dur=2, preprocess;dur=3, inference;dur=4, total;dur=11',
  );
});

test('what asks no model has a total', () => {
  expect(formatServerTiming({}, 0.26)).toBe('total;dur=0.3');
});
