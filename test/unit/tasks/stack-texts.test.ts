import { expect, test } from 'vitest';
import { stackTexts } from '../../../src/tasks/stack-texts.ts';

const tensor = (dims: readonly number[], ...data: number[]) => ({ dims, data: Float32Array.from(data) });

test('texts of one length are laid one after the other', () => {
  expect(stackTexts([tensor([1, 1, 2, 1], 1, 2), tensor([1, 1, 2, 1], 3, 4)], 2)).toEqual(tensor([2, 1, 2, 1], 1, 2, 3, 4));
});

test('a shorter text is filled up with zeros in each of its heads, where the length is followed by other numbers', () => {
  const long = tensor([1, 2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8);
  const short = tensor([1, 2, 1, 2], 11, 12, 15, 16);
  expect(stackTexts([long, short], 2)).toEqual(tensor([2, 2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 0, 0, 15, 16, 0, 0));
});

test('and where the length comes last', () => {
  const short = tensor([1, 2, 2, 1], 1, 2, 3, 4);
  const long = tensor([1, 2, 2, 2], 5, 6, 7, 8, 9, 10, 11, 12);
  expect(stackTexts([short, long], 3)).toEqual(tensor([2, 2, 2, 2], 1, 0, 2, 0, 3, 0, 4, 0, 5, 6, 7, 8, 9, 10, 11, 12));
});

test('one text is what it was, and nothing is copied', () => {
  const text = tensor([1, 1, 1, 2], 1, 2);
  expect(stackTexts([text], 3)).toBe(text);
});
