import type { GenerationConfig } from '../../../src/generation/generation-config.ts';

/** A configuration without rules: greedy, tokens from 2 on, 0 starts and 1 ends. */
export function settings(changes: Partial<GenerationConfig> = {}): GenerationConfig {
  return {
    minLength: 0,
    maxLength: 10,
    numBeams: 1,
    numReturnSequences: 1,
    lengthPenalty: 1,
    earlyStopping: false,
    noRepeatNgramSize: 0,
    repetitionPenalty: 1,
    badWordsIds: [],
    decoderStartTokenId: 0,
    eosTokenIds: [1],
    padTokenId: 0,
    forcedBosTokenId: null,
    forcedEosTokenIds: [],
    ...changes,
  };
}
