import { describe, expect, test } from 'vitest';
import { type Batchable, batchLimits, nextBatch } from '../../../src/runtime/batch-policy.ts';

const TEXTS = batchLimits('summarization', 'fp32');
const PICTURES = batchLimits('image-classification', 'q8');
const one = (numRows = 1, alone = false): Batchable => ({ numRows, alone });
const many = (count: number, numRows = 1) => Array.from({ length: count }, () => one(numRows));

describe('the next batch', () => {
  test('is nothing of an empty queue', () => {
    expect(nextBatch([], [], TEXTS)).toBe(0);
  });

  test('of texts waits until the runner is free', () => {
    expect(nextBatch(many(3), [], TEXTS)).toBe(3);
    expect(nextBatch(many(3), many(1), TEXTS)).toBe(0);
  });

  test('is bounded by requests and by rows, and never skips one', () => {
    expect(nextBatch(many(20), [], TEXTS)).toBe(TEXTS.maxRequests);
    expect(nextBatch(many(20, 4), [], TEXTS)).toBe(2);
    expect(nextBatch([one(4), one(5), one(1)], [], TEXTS)).toBe(1);
  });

  test('takes one that is larger than a batch when its turn comes', () => {
    expect(nextBatch([one(64), one(1)], [], TEXTS)).toBe(1);
    expect(nextBatch([one(1), one(64)], [], TEXTS)).toBe(1);
  });

  test('of pictures is filled up while the runner works', () => {
    expect(nextBatch(many(9), [], PICTURES)).toBe(4);
    expect(nextBatch(many(9), many(3), PICTURES)).toBe(1);
    expect(nextBatch(many(9), many(4), PICTURES)).toBe(0);
  });

  test('gives company to none that must be alone', () => {
    expect(nextBatch([one(1, true), one()], [], PICTURES)).toBe(1);
    expect(nextBatch([one(), one(1, true), one()], [], PICTURES)).toBe(1);
    expect(nextBatch([one(1, true)], many(1), PICTURES)).toBe(0);
    expect(nextBatch(many(3), [one(1, true)], PICTURES)).toBe(0);
  });
});

test.each(['q8', 'int8', 'uint8', 'fp16', 'q4f16'] as const)(
  'a text of a %s model is answered by itself: its numbers depend on what is beside it',
  (dtype) => {
    expect(nextBatch(many(3), [], batchLimits('summarization', dtype))).toBe(1);
  },
);
