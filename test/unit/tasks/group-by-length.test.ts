import { expect, test } from 'vitest';
import { groupByLength } from '../../../src/tasks/group-by-length.ts';

const group = (...lengths: number[]) => groupByLength(new Map(lengths.entries()), (length) => length);

test('texts go together as long as none is padded to more than twice its length', () => {
  expect(group(512, 100, 300, 150, 201)).toEqual([[1, 3], [4, 2], [0]]);
});

test('short texts go together whatever they are', () => {
  expect(group(1, 64, 10, 65)).toEqual([[0, 2, 1], [3]]);
});

test('nothing makes no group', () => {
  expect(group()).toEqual([]);
});
