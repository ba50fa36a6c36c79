import { describe, expect, test } from 'vitest';
import { ignoredGenerationSettings, resolveGenerationConfig } from '../../../src/generation/generation-config.ts';
import type { GenerationOptions } from '../../../src/schemas.ts';

/** As in bart-large-cnn. */
const BART = {
  bos_token_id: 0,
  decoder_start_token_id: 2,
  early_stopping: true,
  eos_token_id: 2,
  forced_bos_token_id: 0,
  forced_eos_token_id: 2,
  length_penalty: 2.0,
  max_length: 142,
  min_length: 56,
  no_repeat_ngram_size: 3,
  num_beams: 4,
  pad_token_id: 1,
};
const BART_CONFIG = { vocab_size: 50264, max_position_embeddings: 1024 };
const T5_CONFIG = { vocab_size: 32128, decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0, n_positions: 512 };

function bart(request: GenerationOptions = {}, changes: object = {}) {
  return resolveGenerationConfig(request, { config: BART_CONFIG, generationConfig: { ...BART, ...changes } });
}

function t5(request: GenerationOptions = {}, config: object = {}, generationConfig?: object) {
  return resolveGenerationConfig(request, { config: { ...T5_CONFIG, ...config }, generationConfig });
}

describe('resolveGenerationConfig', () => {
  test('follows generation_config.json', () => {
    expect(bart()).toEqual({
      minLength: 56,
      maxLength: 142,
      numBeams: 4,
      numReturnSequences: 1,
      lengthPenalty: 2,
      earlyStopping: true,
      noRepeatNgramSize: 3,
      repetitionPenalty: 1,
      badWordsIds: [],
      decoderStartTokenId: 2,
      eosTokenIds: [2],
      padTokenId: 1,
      forcedBosTokenId: 0,
      forcedEosTokenIds: [2],
    });
  });

  test("has transformers' defaults: greedy, 20 tokens after the start token", () => {
    expect(t5({}, {}, {})).toMatchObject({ maxLength: 21, minLength: 0, numBeams: 1, lengthPenalty: 1, earlyStopping: false });
  });

  test('prefers the request to the task, the task to generation_config.json', () => {
    const task = { task_specific_params: { summarization: { num_beams: 3, min_length: 7 }, other: { num_beams: 9 } } };
    const file = { num_beams: 2, min_length: 5, no_repeat_ngram_size: 4, max_length: 50 };
    expect(t5({ minLength: 9 }, task, file)).toMatchObject({ numBeams: 3, minLength: 9, noRepeatNgramSize: 4, maxLength: 50 });
  });

  test("reads config.json's legacy fields only where there is no generation_config.json", () => {
    const legacy = { num_beams: 5, max_length: 33, force_bos_token_to_be_generated: true, bos_token_id: 4 };
    expect(t5({}, legacy)).toMatchObject({ numBeams: 5, maxLength: 33, forcedBosTokenId: 4 });
    expect(t5({}, legacy, { max_length: 44 })).toMatchObject({ numBeams: 1, maxLength: 44, forcedBosTokenId: null });
  });

  test('takes special tokens from config.json where generation_config.json lacks them', () => {
    expect(t5({}, {}, {})).toMatchObject({ decoderStartTokenId: 0, eosTokenIds: [1], padTokenId: 0 });
  });

  test('starts with the beginning-of-text token where no other start is named, and fails without any', () => {
    expect(t5({}, { decoder_start_token_id: null, bos_token_id: 3 })).toMatchObject({ decoderStartTokenId: 3 });
    expect(() => t5({}, { decoder_start_token_id: null })).toThrow('decoder_start_token_id');
  });

  test('switches rules off by null', () => {
    const off = bart({
      forcedBosTokenId: null,
      forcedEosTokenId: null,
      minLength: null,
      noRepeatNgramSize: null,
      eosTokenId: null,
    });
    expect(off).toMatchObject({
      forcedBosTokenId: null,
      forcedEosTokenIds: [],
      minLength: 0,
      noRepeatNgramSize: 0,
      eosTokenIds: [],
    });
    expect(bart({ numBeams: null, maxLength: null, earlyStopping: null })).toMatchObject({
      numBeams: 1,
      maxLength: 21,
      earlyStopping: false,
    });
  });

  test('counts new tokens without the start token, and lets them win over lengths', () => {
    expect(bart({ maxNewTokens: 80, minNewTokens: 20, maxLength: 70, minLength: 60 })).toMatchObject({
      maxLength: 81,
      minLength: 21,
    });
  });

  test("lets a request's length win over a configured count of new tokens", () => {
    expect(bart({ maxLength: 70 }, { max_new_tokens: 256 })).toMatchObject({ maxLength: 70 });
    expect(bart({}, { max_new_tokens: 256 })).toMatchObject({ maxLength: 257 });
    expect(bart({ maxNewTokens: null }, { max_new_tokens: 256 })).toMatchObject({ maxLength: 142 });
  });

  test('clamps what only the configuration says', () => {
    expect(bart({ maxLength: 40 })).toMatchObject({ minLength: 40, maxLength: 40 });
    expect(bart({}, { max_length: 5000, min_length: 3000 })).toMatchObject({ maxLength: 1024, minLength: 1024 });
    expect(bart({}, { max_length: 1 })).toMatchObject({ maxLength: 2 });
    expect(bart({ numBeams: 2 }, { num_return_sequences: 3 })).toMatchObject({ numReturnSequences: 2 });
  });

  test("puts the caller's own defaults over the configuration, and clamps them to the request and the model", () => {
    const sources = { config: { ...BART_CONFIG, max_position_embeddings: 128 }, generationConfig: BART };
    const defaults = { minLength: 30, maxLength: 130 };
    expect(resolveGenerationConfig({}, { ...sources, defaults })).toMatchObject({ minLength: 30, maxLength: 128, numBeams: 4 });
    expect(resolveGenerationConfig({ maxLength: 20 }, { ...sources, defaults })).toMatchObject({ minLength: 20, maxLength: 20 });
    expect(() => resolveGenerationConfig({ minLength: 129 }, { ...sources, defaults })).toThrow('which is 128 (got 129)');
  });

  test('ignores configured values that cannot be ones', () => {
    const nonsense = {
      bad_words_ids: [['a'], [50264], [], [5, 6]],
      early_stopping: 'soon',
      forced_bos_token_id: 999999,
      length_penalty: 'high',
      max_length: 'long',
      min_length: -3,
      no_repeat_ngram_size: 2.5,
      num_beams: 0,
      repetition_penalty: 0,
    };
    expect(bart({}, nonsense)).toMatchObject({
      badWordsIds: [[5, 6]],
      earlyStopping: false,
      forcedBosTokenId: null,
      lengthPenalty: 1,
      maxLength: 21,
      minLength: 0,
      noRepeatNgramSize: 0,
      numBeams: 1,
      repetitionPenalty: 1,
    });
  });

  test.each<[GenerationOptions, string]>([
    [{ maxLength: 1025 }, 'maxLength: must be at most 1024, the positions of this model (got 1025)'],
    [{ maxNewTokens: 1024 }, 'maxNewTokens: must be at most 1023'],
    [{ minLength: 50, maxLength: 40 }, 'minLength: must be at most the maximum length, which is 40 (got 50)'],
    [{ minLength: 143 }, 'minLength: must be at most the maximum length, which is 142 (got 143)'],
    [{ minNewTokens: 40, maxLength: 40 }, 'minNewTokens: must be at most 39'],
    [{ numReturnSequences: 5 }, 'numReturnSequences: must be at most numBeams, which is 4 (got 5)'],
    [{ numReturnSequences: 2, numBeams: 1 }, 'numReturnSequences: must be at most numBeams, which is 1 (got 2)'],
    [{ forcedBosTokenId: 50264 }, "forcedBosTokenId: must be below 50264, the model's vocabulary (got 50264)"],
    [{ badWordsIds: [[3], [4, 60000]] }, 'badWordsIds: must be below 50264'],
  ])('refuses %j by name', (request, message) => {
    expect(() => bart(request)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  test('allows a minimum that is the maximum', () => {
    expect(bart({ minLength: 40, maxLength: 40 })).toMatchObject({ minLength: 40, maxLength: 40 });
  });
});

describe('ignoredGenerationSettings', () => {
  test('names the rules that the model wants and that are not followed', () => {
    const generationConfig = {
      ...BART,
      do_sample: true,
      suppress_tokens: [3],
      encoder_no_repeat_ngram_size: 0,
      num_beam_groups: 1,
    };
    expect(ignoredGenerationSettings({ config: {}, generationConfig })).toEqual(['do_sample', 'suppress_tokens']);
    expect(ignoredGenerationSettings({ config: BART_CONFIG, generationConfig: BART })).toEqual([]);
  });
});
