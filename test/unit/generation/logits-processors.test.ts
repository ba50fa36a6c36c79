import { describe, expect, test } from 'vitest';
import type { GenerationConfig } from '../../../src/generation/generation-config.ts';
import { createLogitsProcessor } from '../../../src/generation/logits-processors.ts';
import { settings } from './generation-settings.ts';

const X = Number.NEGATIVE_INFINITY;

/** The scores after the rules, of tokens that all scored alike. */
function scoresAfter(tokens: readonly number[], rules: Partial<GenerationConfig>, scores = [-1, -1, -1, -1, -1]): number[] {
  const processed = Float32Array.from(scores);
  createLogitsProcessor(settings(rules))(processed, Int32Array.from(tokens));
  return [...processed];
}

describe('logits processors', () => {
  test('change nothing where no rule is on', () => {
    expect(scoresAfter([0, 2, 2], {})).toEqual([-1, -1, -1, -1, -1]);
  });

  test('the repetition penalty lowers each token that is there once, whatever its sign', () => {
    expect(scoresAfter([0, 2, 2, 4], { repetitionPenalty: 2 }, [-1, -1, 3, 3, 0])).toEqual([-2, -1, 1.5, 3, 0]);
  });

  test('no n-gram comes twice, the start token included', () => {
    expect(scoresAfter([0, 2, 3, 0], { noRepeatNgramSize: 2 })).toEqual([-1, -1, X, -1, -1]);
    expect(scoresAfter([2, 3, 4, 2, 3, 0, 2, 3], { noRepeatNgramSize: 3 })).toEqual([X, -1, -1, -1, X]);
    expect(scoresAfter([0, 3], { noRepeatNgramSize: 1 })).toEqual([X, -1, -1, X, -1]);
    expect(scoresAfter([2, 2], { noRepeatNgramSize: 2 })).toEqual([-1, -1, X, -1, -1]);
    expect(scoresAfter([0, 2], { noRepeatNgramSize: 3 })).toEqual([-1, -1, -1, -1, -1]);
  });

  test('bad words are banned whole, and their last token only after the others', () => {
    const badWordsIds = [[4], [2, 3], [0, 2, 2]];
    expect(scoresAfter([0, 2], { badWordsIds })).toEqual([-1, -1, X, X, X]);
    expect(scoresAfter([2], { badWordsIds })).toEqual([-1, -1, -1, X, X]);
    expect(scoresAfter([0, 3], { badWordsIds })).toEqual([-1, -1, -1, -1, X]);
  });

  test('the end token alone is no bad word', () => {
    expect(scoresAfter([0], { badWordsIds: [[1]] })).toEqual([-1, -1, -1, -1, -1]);
  });

  test('no end token comes before the minimum length, which counts the start token', () => {
    expect(scoresAfter([0, 2], { minLength: 3, eosTokenIds: [1, 4] })).toEqual([-1, X, -1, -1, X]);
    expect(scoresAfter([0, 2, 2], { minLength: 3, eosTokenIds: [1, 4] })).toEqual([-1, -1, -1, -1, -1]);
  });

  test('the first token is forced, against all bans', () => {
    expect(scoresAfter([0], { forcedBosTokenId: 3, badWordsIds: [[3]] })).toEqual([X, X, X, 0, X]);
    expect(scoresAfter([0, 3], { forcedBosTokenId: 3 })).toEqual([-1, -1, -1, -1, -1]);
  });

  test('the last token is forced, one of several if there are several', () => {
    expect(scoresAfter([0, 2], { forcedEosTokenIds: [1, 4], maxLength: 4 })).toEqual([-1, -1, -1, -1, -1]);
    expect(scoresAfter([0, 2, 2], { forcedEosTokenIds: [1, 4], maxLength: 4, minLength: 4 })).toEqual([X, 0, X, X, 0]);
  });

  test('ids outside of the vocabulary are left alone', () => {
    const rules = { repetitionPenalty: 2, noRepeatNgramSize: 1, badWordsIds: [[9]], eosTokenIds: [8], minLength: 5 };
    expect(scoresAfter([0, 7], rules)).toEqual([X, -1, -1, -1, -1]);
  });
});
