import type { GenerationConfig } from '../../../src/generation/generation-config.ts';
import { markovLogits } from './markov-decoder.ts';

interface Path {
  readonly outputIds: readonly number[];
  readonly score: number;
}

/** Every path of the toy decoder to its end, best first, by the plain meaning of the rules. */
export function allPaths(inputIds: readonly number[], config: GenerationConfig, vocabSize: number): Path[] {
  const paths: Path[] = [];
  const follow = (tokens: readonly number[], sum: number) => {
    const length = tokens.length;
    if (length > 1 && (config.eosTokenIds.includes(tokens.at(-1)!) || length === config.maxLength)) {
      paths.push({ outputIds: tokens, score: sum / (length - 1) ** config.lengthPenalty });
      return;
    }
    tokenScores(inputIds, tokens, config, vocabSize).forEach((score, token) => {
      if (score !== Number.NEGATIVE_INFINITY) follow([...tokens, token], sum + score);
    });
  };
  follow([config.decoderStartTokenId], 0);
  return paths.sort((a, b) => b.score - a.score);
}

function tokenScores(inputIds: readonly number[], tokens: readonly number[], config: GenerationConfig, vocabSize: number) {
  const logits = [...markovLogits(inputIds, tokens, vocabSize)];
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit, token) => {
    if (tokens.length === config.maxLength - 1 && config.forcedEosTokenIds.length > 0) {
      return config.forcedEosTokenIds.includes(token) ? 0 : Number.NEGATIVE_INFINITY;
    }
    if (tokens.length === 1 && config.forcedBosTokenId !== null) {
      return token === config.forcedBosTokenId ? 0 : Number.NEGATIVE_INFINITY;
    }
    if (isBanned(token, tokens, config)) return Number.NEGATIVE_INFINITY;
    const score = logit - Math.log(total);
    return tokens.includes(token) ? score * config.repetitionPenalty : score;
  });
}

function isBanned(token: number, tokens: readonly number[], config: GenerationConfig): boolean {
  if (config.eosTokenIds.includes(token) && tokens.length < config.minLength) return true;
  const text = ` ${[...tokens, token].join(' ')} `;
  const isEnd = (word: readonly number[]) => word.length === 1 && config.eosTokenIds.includes(word[0]!);
  if (config.badWordsIds.some((word) => !isEnd(word) && text.endsWith(` ${word.join(' ')} `))) return true;
  const size = config.noRepeatNgramSize;
  if (size === 0 || tokens.length + 1 < size) return false;
  const last = [...tokens, token].slice(-size).join(' ');
  return tokens.some((_, start) => start + size <= tokens.length && tokens.slice(start, start + size).join(' ') === last);
}
