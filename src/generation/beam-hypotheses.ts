import type { GenerationConfig } from './generation-config.ts';
import { type GeneratedSequence, stopReason } from './token-search.ts';

/** The score of a place that no hypothesis has taken yet, and what is added to the scores of beams that must not go on. */
export const EXCLUDED = -1e9;

/** More than powers and quotients are off by in float32. */
const ROUNDING = 2 ** -20;

interface Hypothesis {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** The finished hypotheses of one text, at most `numBeams`. */
export interface BeamHypotheses {
  /** Keeps the hypothesis of `length` tokens if it is among the best; of equals the older one stays. */
  add(sumLogProbs: number, length: number, tokens: () => readonly number[]): void;
  full(): boolean;
  /** Whether a beam that goes on, of `length` tokens and this sum, could still end better than the worst that is kept. */
  canImprove(sumLogProbs: number, length: number): boolean;
  /** Whether a beam that goes on, of `length` tokens and this sum, could still end better than the best that is kept. */
  canWin(sumLogProbs: number, length: number): boolean;
  /** The best: of those that are kept, only it can be the best in the end. */
  best(): Hypothesis | undefined;
  /** Best first: `numReturnSequences` of them, or as many as there are. */
  sequences(): readonly GeneratedSequence[];
}

/** After `_update_finished_beams` and `_check_early_stop_heuristic` of transformers 5.18. */
export function createBeamHypotheses(config: GenerationConfig): BeamHypotheses {
  const { numBeams, numReturnSequences, maxLength, lengthPenalty, earlyStopping, eosTokenIds, decoderStartTokenId } = config;
  const kept: Hypothesis[] = [];

  /** The start token does not count. */
  const scoreOf = (sumLogProbs: number, length: number) => Math.fround(sumLogProbs / Math.fround((length - 1) ** lengthPenalty));

  function add(sumLogProbs: number, length: number, tokens: () => readonly number[]): void {
    const score = scoreOf(sumLogProbs, length);
    if (score <= EXCLUDED) return;
    let place = kept.length;
    while (place > 0 && kept[place - 1]!.score < score) place--;
    if (place === numBeams) return;
    kept.splice(place, 0, { tokens: tokens(), score });
    kept.length = Math.min(kept.length, numBeams);
  }

  function canImprove(sumLogProbs: number, length: number): boolean {
    const bestLength = earlyStopping === 'never' && lengthPenalty > 0 ? maxLength : length;
    const worst = kept.length === numBeams ? kept.at(-1)!.score : EXCLUDED;
    return scoreOf(sumLogProbs, bestLength) > worst;
  }

  function canWin(sumLogProbs: number, length: number): boolean {
    // No token adds to a sum. Of texts with equal sums the longest scores best by a power above 0, the shortest by one below.
    const bound = scoreOf(sumLogProbs, lengthPenalty > 0 ? maxLength : length + 1) * (1 - ROUNDING);
    const best = kept[0]?.score ?? EXCLUDED;
    // Also where one of them is not a number.
    return !(bound <= best);
  }

  function sequences(): readonly GeneratedSequence[] {
    // Rules that ban every token leave nothing but the start.
    if (kept.length === 0) return [{ outputIds: [decoderStartTokenId], score: EXCLUDED, stopReason: 'length' }];
    return kept.slice(0, numReturnSequences).map(({ tokens, score }) => ({
      outputIds: tokens,
      score,
      stopReason: stopReason(tokens, eosTokenIds),
    }));
  }

  return { add, full: () => kept.length === numBeams, canImprove, canWin, best: () => kept[0], sequences };
}
