import type { GenerationConfig } from './generation-config.ts';
import { type GeneratedSequence, stopReason } from './token-search.ts';

/** The score of a place that no hypothesis has taken yet, and what is added to the scores of beams that must not go on. */
export const EXCLUDED = -1e9;

interface Hypothesis {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** The finished hypotheses of one text, at most `numBeams`, after `_update_finished_beams` of transformers 5.18. */
export class BeamHypotheses {
  readonly #config: GenerationConfig;
  readonly #best: Hypothesis[] = [];

  constructor(config: GenerationConfig) {
    this.#config = config;
  }

  get best(): Hypothesis | undefined {
    return this.#best[0];
  }

  get full(): boolean {
    return this.#best.length === this.#config.numBeams;
  }

  /** Keeps the hypothesis if it is among the best; of equals the older one stays. `sumLogProbs` is divided by length ^ lengthPenalty. */
  add(sumLogProbs: number, length: number, tokens: () => readonly number[]): void {
    const score = this.#score(sumLogProbs, length - 1);
    if (score <= EXCLUDED) return;
    let place = this.#best.length;
    while (place > 0 && this.#best[place - 1]!.score < score) place--;
    if (place === this.#config.numBeams) return;
    this.#best.splice(place, 0, { tokens: tokens(), score });
    this.#best.length = Math.min(this.#best.length, this.#config.numBeams);
  }

  /** Whether a beam that goes on, of `length` tokens and this sum, could still end better than the worst that is kept. */
  improvableBy(sumLogProbs: number, length: number): boolean {
    const { earlyStopping, lengthPenalty, maxLength } = this.#config;
    const bestLength = earlyStopping === 'never' && lengthPenalty > 0 ? maxLength : length;
    const worst = this.full ? this.#best.at(-1)!.score : EXCLUDED;
    return this.#score(sumLogProbs, bestLength - 1) > worst;
  }

  /** Best first: `numReturnSequences` of them, or as many as there are. */
  sequences(): readonly GeneratedSequence[] {
    const { numReturnSequences, eosTokenIds, decoderStartTokenId } = this.#config;
    // Rules that ban every token leave nothing.
    if (this.#best.length === 0) return [{ outputIds: [decoderStartTokenId], score: EXCLUDED, stopReason: 'length' }];
    return this.#best.slice(0, numReturnSequences).map(({ tokens, score }) => ({
      outputIds: tokens,
      score,
      stopReason: stopReason(tokens, eosTokenIds),
    }));
  }

  #score(sumLogProbs: number, generatedLength: number): number {
    return Math.fround(sumLogProbs / Math.fround(generatedLength ** this.#config.lengthPenalty));
  }
}
