/** The rules on the next token, after transformers 5.18, `generation/logits_process.py`, in the order in which `generate()` applies them. */
import type { GenerationConfig } from './generation-config.ts';

/**
 * Changes the scores of the next token in place.
 * @param scores [vocabSize]: log-probabilities in beam search, raw logits when greedy
 * @param tokens [length]: the row so far, with the start token
 */
export type LogitsProcessor = (scores: Float32Array, tokens: Int32Array) => void;

/** The rules that `config` switches on, as one. */
export function createLogitsProcessor(config: GenerationConfig): LogitsProcessor {
  const rules: LogitsProcessor[] = [];
  if (config.repetitionPenalty !== 1) rules.push(penalizeRepetition(config.repetitionPenalty));
  if (config.noRepeatNgramSize > 0) rules.push(banRepeatedNgrams(config.noRepeatNgramSize));
  const badWords = config.badWordsIds.filter(([id, ...rest]) => rest.length > 0 || !config.eosTokenIds.includes(id!));
  if (badWords.length > 0) rules.push(banWords(badWords));
  if (config.minLength > 0 && config.eosTokenIds.length > 0) rules.push(banEndBefore(config.minLength, config.eosTokenIds));
  if (config.forcedBosTokenId !== null) rules.push(forceAt(1, [config.forcedBosTokenId]));
  if (config.forcedEosTokenIds.length > 0) rules.push(forceAt(config.maxLength - 1, config.forcedEosTokenIds));
  return (scores, tokens) => {
    for (const rule of rules) rule(scores, tokens);
  };
}

/**
 * Whether these rules could leave no token at all. Half of the vocabulary is allowed for what a model itself never says.
 */
export function canBanAll(config: GenerationConfig, vocabSize: number): boolean {
  const { maxLength, eosTokenIds, badWordsIds, noRepeatNgramSize, forcedBosTokenId, forcedEosTokenIds } = config;
  const numBannable = eosTokenIds.length + badWordsIds.length + (noRepeatNgramSize > 0 ? maxLength : 0);
  const isWord = (id: number) => id < vocabSize;
  const forcesNone =
    (forcedBosTokenId !== null && !isWord(forcedBosTokenId)) || (forcedEosTokenIds.length > 0 && !forcedEosTokenIds.some(isWord));
  return forcesNone || 2 * numBannable >= vocabSize;
}

/** Divides positive scores of tokens that are already there by `penalty`, multiplies negative ones, each token once. */
function penalizeRepetition(penalty: number): LogitsProcessor {
  const factor = Math.fround(penalty);
  return (scores, tokens) => {
    for (const token of new Set(tokens)) {
      if (token >= scores.length) continue;
      const score = scores[token]!;
      scores[token] = score < 0 ? score * factor : score / factor;
    }
  };
}

function banRepeatedNgrams(size: number): LogitsProcessor {
  return (scores, tokens) => {
    const prefix = tokens.length + 1 - size;
    if (prefix < 1) return;
    for (let start = 0; start < prefix; start++) {
      let same = 0;
      while (same < size - 1 && tokens[start + same] === tokens[prefix + same]) same++;
      if (same === size - 1) ban(scores, tokens[start + same]!);
    }
  };
}

function banWords(words: readonly (readonly number[])[]): LogitsProcessor {
  return (scores, tokens) => {
    for (const word of words) {
      const begin = tokens.length - (word.length - 1);
      if (begin < 0) continue;
      let same = 0;
      while (same < word.length - 1 && tokens[begin + same] === word[same]) same++;
      if (same === word.length - 1) ban(scores, word[same]!);
    }
  };
}

function banEndBefore(minLength: number, eosTokenIds: readonly number[]): LogitsProcessor {
  return (scores, tokens) => {
    if (tokens.length < minLength) for (const id of eosTokenIds) ban(scores, id);
  };
}

function forceAt(length: number, tokenIds: readonly number[]): LogitsProcessor {
  return (scores, tokens) => {
    if (tokens.length !== length) return;
    scores.fill(Number.NEGATIVE_INFINITY);
    for (const id of tokenIds) if (id < scores.length) scores[id] = 0;
  };
}

/** Ids beyond the scores can never come, so there is nothing to ban. */
function ban(scores: Float32Array, id: number): void {
  if (id < scores.length) scores[id] = Number.NEGATIVE_INFINITY;
}
