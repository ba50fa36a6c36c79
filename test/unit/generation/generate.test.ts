import { describe, expect, test } from 'vitest';
import type { Decoder } from '../../../src/generation/decoder.ts';
import { type GenerationRequest, generate } from '../../../src/generation/generate.ts';
import { settings } from './generation-settings.ts';
import { MarkovDecoder } from './markov-decoder.ts';

const VOCAB_SIZE = 40;
/** Eight texts of different lengths under different rules. */
const REQUESTS: readonly GenerationRequest[] = [
  { inputIds: [3, 1], config: settings({ maxLength: 30 }) },
  { inputIds: [4, 5, 1], config: settings({ maxLength: 12, numBeams: 4, earlyStopping: true, lengthPenalty: 2 }) },
  { inputIds: [1], config: settings({ maxLength: 25, numBeams: 3, numReturnSequences: 3, noRepeatNgramSize: 2 }) },
  { inputIds: [7, 7, 7, 7, 1], config: settings({ maxLength: 2 }) },
  { inputIds: [8, 1], config: settings({ maxLength: 40, numBeams: 8, earlyStopping: 'never', eosTokenIds: [1, 5] }) },
  { inputIds: [9, 2, 1], config: settings({ maxLength: 20, minLength: 15, repetitionPenalty: 1.3 }) },
  { inputIds: [10, 1], config: settings({ maxLength: 9, numBeams: 2, forcedBosTokenId: 6, forcedEosTokenIds: [1] }) },
  { inputIds: [11, 3, 4, 1], config: settings({ maxLength: 33, numBeams: 5, lengthPenalty: -1, badWordsIds: [[7], [8, 9]] }) },
];

async function answers(requests: readonly GenerationRequest[]) {
  const results = await Promise.all(generate(new MarkovDecoder(VOCAB_SIZE), requests));
  return results.map(({ sequences, timings: { steps } }) => ({ sequences, steps }));
}

describe('generate', () => {
  test('answers eight texts together as it answers each alone, in any order', async () => {
    const alone = (await Promise.all(REQUESTS.map((request) => answers([request])))).flat();
    for (const rotation of [0, 3, 5]) {
      const order = REQUESTS.map((_, place) => (place * 5 + rotation) % REQUESTS.length);
      expect(await answers(order.map((text) => REQUESTS[text]!))).toEqual(order.map((text) => alone[text]));
    }
  });

  test('begins each answer with the start token and says why it ends', async () => {
    const config = settings({ maxLength: 4, decoderStartTokenId: 2, eosTokenIds: [] });
    const [cut] = await answers([{ inputIds: [1], config }]);
    expect(cut!.sequences).toEqual([
      { outputIds: [2, ...cut!.sequences[0]!.outputIds.slice(1)], score: null, stopReason: 'length' },
    ]);
    expect(cut!.sequences[0]!.outputIds).toHaveLength(4);
    const [ended] = await answers([{ inputIds: [1], config: settings({ maxLength: 3, forcedEosTokenIds: [1] }) }]);
    expect(ended!.sequences[0]).toMatchObject({ stopReason: 'eos' });
  });

  test('takes the rows of a finished text out of the batch', async () => {
    const decoder = new MarkovDecoder(VOCAB_SIZE);
    const config = settings({ eosTokenIds: [] });
    await Promise.all(
      generate(decoder, [
        { inputIds: [1], config: { ...config, maxLength: 3 } },
        { inputIds: [2], config: { ...config, maxLength: 5, numBeams: 4 } },
        { inputIds: [3], config: { ...config, maxLength: 4, numBeams: 2 } },
      ]),
    );
    expect(decoder.rowsOfSteps).toEqual([3, 7, 6, 4]);
  });

  test('drops an aborted text at the next step and leaves the others as they are', async () => {
    const controller = new AbortController();
    const decoder = new MarkovDecoder(VOCAB_SIZE, (step) => {
      if (step === 3) controller.abort(new Error('enough'));
    });
    const config = settings({ eosTokenIds: [], maxLength: 8 });
    const [aborted, kept] = generate(decoder, [
      { inputIds: [1], config: { ...config, numBeams: 4 }, signal: controller.signal },
      { inputIds: [2], config },
    ]);
    await expect(aborted).rejects.toThrow('enough');
    const [alone] = await answers([{ inputIds: [2], config }]);
    expect((await kept)!.sequences).toEqual(alone!.sequences);
    expect(decoder.rowsOfSteps).toEqual([2, 5, 5, 1, 1, 1, 1]);
  });

  test('does not begin a text that is aborted before', async () => {
    const decoder = new MarkovDecoder(VOCAB_SIZE);
    const signal = AbortSignal.abort(new Error('too late'));
    const [aborted] = generate(decoder, [{ inputIds: [1], config: settings(), signal }]);
    await expect(aborted).rejects.toThrow('too late');
    expect(decoder.rowsOfSteps).toEqual([]);
  });

  test('tells after every step how far a text is', async () => {
    const lengths: number[] = [];
    const config = settings({ eosTokenIds: [], maxLength: 5, numBeams: 3 });
    const onStep: GenerationRequest['onStep'] = ({ numTokens, maxLength }) => lengths.push(numTokens, maxLength);
    await Promise.all(generate(new MarkovDecoder(VOCAB_SIZE), [{ inputIds: [1], config, onStep }]));
    expect(lengths).toEqual([2, 5, 3, 5, 4, 5, 5, 5]);
  });

  test('fails only the text whose scores are not numbers', async () => {
    const decoder: Decoder = {
      start: async () => ({
        step: async () => ({ data: Float32Array.of(Number.NaN, 0, 0, 1), vocabSize: 2, normalized: false }),
      }),
    };
    const config = settings({ maxLength: 2, eosTokenIds: [] });
    const [bad, good] = generate(decoder, [
      { inputIds: [1], config },
      { inputIds: [2], config },
    ]);
    await expect(bad).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect((await good)!.sequences[0]!.outputIds).toEqual([0, 1]);
  });

  test('fails every text where the decoder fails', async () => {
    const decoder: Decoder = { start: () => Promise.reject(new Error('no memory')) };
    const results = generate(decoder, [REQUESTS[0]!, REQUESTS[1]!]);
    const settled = await Promise.allSettled(results);
    expect(settled.map((result) => (result.status === 'rejected' ? result.reason.message : 'answered'))).toEqual([
      'no memory',
      'no memory',
    ]);
  });
});
