import { describe, expect, test } from 'vitest';
import { activate, firstSynonym, rankLabels } from '../../../src/tasks/label-scores.ts';

describe('scores of logits', () => {
  test('softmax sums to one, keeps order, and survives logits that would overflow', () => {
    const scores = activate(Float32Array.of(1000, 999, -1000), 'softmax');
    expect(scores[0]! + scores[1]! + scores[2]!).toBeCloseTo(1, 12);
    expect(scores[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
    expect(scores[2]).toBe(0);
  });

  test('sigmoid judges every label by itself', () => {
    expect([...activate(Float32Array.of(0, 1e4, -1e4), 'sigmoid')]).toEqual([0.5, 1, 0]);
  });

  test('none gives the logits as they are', () => {
    expect([...activate(Float32Array.of(-2.5, 7), 'none')]).toEqual([-2.5, 7]);
  });
});

describe('ranking', () => {
  test('puts the best first and breaks ties by index', () => {
    const top = rankLabels(Float64Array.of(0.2, 0.4, 0.4, 0), ['a', 'b', 'c', 'd'], 3);
    expect(top.map(({ label, index }) => [label, index])).toEqual([
      ['b', 1],
      ['c', 2],
      ['a', 0],
    ]);
  });

  test('gives all labels when fewer than asked for exist', () => {
    expect(rankLabels(Float64Array.of(1, 0), ['a', 'b'], 5)).toHaveLength(2);
  });
});

test('the first synonym ends at the first comma and space', () => {
  expect(firstSynonym('Arctic fox, white fox, Alopex lagopus')).toBe('Arctic fox');
  expect(firstSynonym('bucket')).toBe('bucket');
  expect(firstSynonym('1,000 things, many')).toBe('1,000 things');
});
