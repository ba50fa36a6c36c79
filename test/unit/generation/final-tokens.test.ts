import { describe, expect, test } from 'vitest';
import { generate } from '../../../src/generation/generate.ts';
import type { GenerationConfig } from '../../../src/generation/generation-config.ts';
import { settings } from './generation-settings.ts';
import { MarkovDecoder, markovLogits, peakedLogits, random } from './markov-decoder.ts';

/** Any rules at all, those included that leave no token. */
function anySettings(seed: number): GenerationConfig {
  const next = random(seed);
  const one = <T>(...choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!;
  const numBeams = one(1, 2, 2, 3, 4, 4, 8);
  const maxLength = one(2, 5, 12, 30, 60);
  return settings({
    numBeams,
    maxLength,
    numReturnSequences: one(1, 1, numBeams),
    minLength: one(0, 0, 3, Math.floor(maxLength / 2), maxLength),
    lengthPenalty: one(-2, -0.5, 0, 1e-8, 0.5, 1, 1, 2, 5),
    earlyStopping: one<boolean | 'never'>(false, true, 'never'),
    noRepeatNgramSize: one(0, 0, 1, 2, 3),
    repetitionPenalty: one(1, 1, 1.5, 0.5),
    badWordsIds: one([], [], [[2, 2]], [[2], [0]]),
    forcedBosTokenId: one(null, null, 0, 2),
    forcedEosTokenIds: one([], [], [1]),
    eosTokenIds: one([1], [1], [1, 2], []),
  });
}

/** What was final after each step, and the text in the end. */
async function follow(config: GenerationConfig, seed: number, { vocabSize = 60, logitsAfter = peakedLogits } = {}) {
  const steps: number[][] = [];
  const onStep = ({ finalIds }: { readonly finalIds: Int32Array }) => void steps.push([...finalIds]);
  const decoder = new MarkovDecoder(vocabSize, () => {}, logitsAfter);
  const [result] = await Promise.all(generate(decoder, [{ inputIds: [seed, 5], config, onStep }]));
  return { steps, outputIds: result!.sequences[0]!.outputIds };
}

describe('what is final of a text', () => {
  test.each([
    ['where tokens are few and rules ban them all', (seed: number) => ({ vocabSize: 3 + (seed % 4), logitsAfter: markovLogits })],
    ['of a model that is sure of nothing', () => ({ vocabSize: 40, logitsAfter: markovLogits })],
    ['of a model that is mostly sure', () => ({})],
  ])('stays, and is the beginning of the answer, under 600 settings, %s', async (_, modelOf) => {
    let numEarly = 0;
    let numTokens = 0;
    for (let seed = 0; seed < 600; seed++) {
      const config = anySettings(seed);
      const { steps, outputIds } = await follow(config, seed, modelOf(seed));
      for (const final of steps) expect({ seed, final }).toEqual({ seed, final: outputIds.slice(0, final.length) });
      const lengths = steps.map((final) => final.length);
      expect({ seed, lengths }).toEqual({ seed, lengths: lengths.toSorted((a, b) => a - b) });
      if (config.numBeams === 1) expect(steps.at(-1)).toEqual(outputIds);
      else {
        numEarly += (steps.at(-2) ?? []).length;
        numTokens += outputIds.length;
      }
    }
    // Before the last step much of it was there.
    expect(numEarly).toBeGreaterThan(numTokens / 3);
  });
});
