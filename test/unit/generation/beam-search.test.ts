import { describe, expect, test } from 'vitest';
import type { DecoderBatch } from '../../../src/generation/decoder.ts';
import { generate } from '../../../src/generation/generate.ts';
import type { GenerationConfig } from '../../../src/generation/generation-config.ts';
import { allPaths } from './brute-force.ts';
import { settings } from './generation-settings.ts';
import { MarkovDecoder, random } from './markov-decoder.ts';

const VOCAB_SIZE = 3;

/**
 * Settings under which every path is followed to its end: 64 beams hold all paths of three tokens over at most five steps, and
 * early stopping, which ends before the best is found, is off.
 */
function exhaustive(seed: number): GenerationConfig {
  const next = random(seed);
  const one = <T>(...choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!;
  const maxLength = one(2, 3, 4, 5, 6);
  return settings({
    numBeams: 64,
    maxLength,
    minLength: one(0, 0, 2, 3, maxLength),
    lengthPenalty: one(-1, 0, 0.5, 1, 2),
    earlyStopping: one<boolean | 'never'>(false, 'never'),
    noRepeatNgramSize: one(0, 0, 2, 3),
    repetitionPenalty: one(1, 1, 1.5, 0.5),
    badWordsIds: one(
      [],
      [],
      [[2, 2]],
      [[1]],
      [
        [0, 2],
        [2, 0, 0],
      ],
    ),
    forcedBosTokenId: one(null, null, 0, 2),
    forcedEosTokenIds: one([], [], [1]),
    eosTokenIds: one([1], [1], [1, 2], []),
  });
}

describe('beam search', () => {
  test('finds the best path of a toy decoder that brute force finds, under 400 settings', async () => {
    let numPaths = 0;
    for (let seed = 0; seed < 400; seed++) {
      const config = exhaustive(seed);
      const inputIds = [seed, 5];
      const paths = allPaths(inputIds, config, VOCAB_SIZE);
      if (paths.length === 0) continue;
      const [result] = await Promise.all(generate(new MarkovDecoder(VOCAB_SIZE), [{ inputIds, config }]));
      const [found] = result!.sequences;
      expect({ seed, ...found }).toMatchObject({ seed, outputIds: paths[0]!.outputIds });
      expect(found!.score).toBeCloseTo(paths[0]!.score, 4);
      numPaths += paths.length;
    }
    expect(numPaths).toBeGreaterThan(3000);
  });

  test('gives the n best paths, each once, best first', async () => {
    const config = settings({ numBeams: 64, numReturnSequences: 8, maxLength: 6, earlyStopping: 'never' });
    const [result] = await Promise.all(generate(new MarkovDecoder(VOCAB_SIZE), [{ inputIds: [3], config }]));
    const expected = allPaths([3], config, VOCAB_SIZE).slice(0, 8);
    expect(result!.sequences.map(({ outputIds }) => outputIds)).toEqual(expected.map(({ outputIds }) => outputIds));
  });

  test('stops with early stopping as soon as numBeams texts are finished', async () => {
    const steps = async (earlyStopping: GenerationConfig['earlyStopping']) => {
      const config = settings({ numBeams: 2, maxLength: 60, lengthPenalty: 3, earlyStopping });
      const [result] = await Promise.all(generate(new MarkovDecoder(6), [{ inputIds: [15], config }]));
      return result!.timings.steps;
    };
    expect(await steps(true)).toBeLessThan(await steps('never'));
    expect(await steps('never')).toBe(59);
  });

  test('goes on with numBeams texts where the best candidates of all beams are ends', async () => {
    const logitsAfter = [
      [-9, 9, 8, 7, 2, 1.9],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0, 20, 0, 0, 0, 0],
    ];
    const step: DecoderBatch['step'] = async ({ inputIds }) => ({
      data: Float32Array.from([...inputIds].flatMap((token) => logitsAfter[token]!)),
      vocabSize: 6,
      normalized: false,
    });
    const config = settings({ numBeams: 2, eosTokenIds: [1, 2, 3], maxLength: 3, lengthPenalty: 9, earlyStopping: 'never' });
    const [result] = await Promise.all(generate({ start: async () => ({ step }) }, [{ inputIds: [1], config }]));
    expect(result!.sequences[0]!.outputIds).toEqual([0, 5, 1]);
  });

  test('returns the start token alone where the rules leave no token at all', async () => {
    const config = settings({ numBeams: 2, eosTokenIds: [], badWordsIds: [[0], [1], [2]], maxLength: 4 });
    const [result] = await Promise.all(generate(new MarkovDecoder(VOCAB_SIZE), [{ inputIds: [1], config }]));
    expect(result!.sequences).toEqual([{ outputIds: [0], score: -1e9, stopReason: 'length' }]);
  });
});
