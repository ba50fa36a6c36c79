import { BeamHypotheses, EXCLUDED } from './beam-hypotheses.ts';
import type { GenerationConfig } from './generation-config.ts';
import { logSoftmax } from './log-softmax.ts';
import { createLogitsProcessor, type LogitsProcessor } from './logits-processors.ts';
import type { GeneratedSequence, TokenSearch } from './token-search.ts';
import { TopK } from './top-k.ts';

/** Follows the `numBeams` likeliest texts at once, after `_beam_search` of transformers 5.18, with its float32 rounding. */
export class BeamSearch implements TokenSearch {
  readonly inputIds: Int32Array; // [numBeams]
  readonly parents: Int32Array; // [numBeams]
  readonly #config: GenerationConfig;
  readonly #process: LogitsProcessor;
  readonly #hypotheses: BeamHypotheses;
  readonly #candidates: TopK;
  readonly #running: TopK;
  /** Sums of log-probabilities. */
  readonly #sums: Float32Array; // [numBeams]
  #tokens: Int32Array; // [numBeams, maxLength]
  #nextTokens: Int32Array; // [numBeams, maxLength]
  #length = 1;

  constructor(config: GenerationConfig) {
    const { numBeams, maxLength, eosTokenIds, decoderStartTokenId } = config;
    this.inputIds = new Int32Array(numBeams).fill(decoderStartTokenId);
    this.parents = new Int32Array(numBeams);
    this.#config = config;
    this.#process = createLogitsProcessor(config);
    this.#hypotheses = new BeamHypotheses(config);
    // So many that numBeams of them can go on even if every beam's best candidates are all the ends.
    this.#candidates = new TopK(Math.max(2, 1 + eosTokenIds.length) * numBeams);
    this.#running = new TopK(numBeams);
    // The beams start equal: only the first one counts, or all would choose the same tokens.
    this.#sums = new Float32Array(numBeams).fill(EXCLUDED, 1);
    this.#tokens = new Int32Array(numBeams * maxLength);
    this.#nextTokens = new Int32Array(numBeams * maxLength);
    for (let beam = 0; beam < numBeams; beam++) this.#tokens[beam * maxLength] = decoderStartTokenId;
  }

  get numRows(): number {
    return this.#length === 1 ? 1 : this.#config.numBeams;
  }

  get best(): Int32Array {
    const finished = this.#hypotheses.best;
    return finished === undefined ? this.#beam(0) : Int32Array.from(finished.tokens);
  }

  advance(logits: Float32Array, vocabSize: number): boolean {
    const { numBeams, maxLength, eosTokenIds, earlyStopping } = this.#config;
    this.#findCandidates(logits, vocabSize);
    const { scores, indices } = this.#candidates;
    const atEnd = this.#length + 1 >= maxLength;
    const adjusted = new Float32Array(scores);
    for (let i = 0; i < scores.length; i++) {
      if (!atEnd && !eosTokenIds.includes(indices[i]! % vocabSize)) continue;
      adjusted[i] = scores[i]! + EXCLUDED;
      if (i < numBeams) this.#finish(scores[i]!, indices[i]!, vocabSize);
    }
    this.#goOn(adjusted, vocabSize);
    const improvable = this.#hypotheses.improvableBy(this.#sums[0]!, this.#length);
    return atEnd || !improvable || (earlyStopping === true && this.#hypotheses.full);
  }

  sequences(): readonly GeneratedSequence[] {
    return this.#hypotheses.sequences();
  }

  /** The best continuations of all beams; a candidate's index is beam * vocabSize + token. */
  #findCandidates(logits: Float32Array, vocabSize: number): void {
    const { numRows } = this;
    this.#candidates.clear();
    for (let row = 0; row < numRows; row++) {
      const scores = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
      logSoftmax(scores);
      this.#process(scores, this.#beam(row));
    }
    for (let beam = 0; beam < this.#config.numBeams; beam++) {
      // At the first step all beams share the one row.
      const row = beam % numRows;
      const scores = logits.subarray(row * vocabSize, (row + 1) * vocabSize);
      this.#candidates.offer(scores, beam * vocabSize, this.#sums[beam]!);
    }
  }

  #finish(sumLogProbs: number, candidate: number, vocabSize: number): void {
    const beam = this.#beam(Math.floor(candidate / vocabSize));
    this.#hypotheses.add(sumLogProbs, this.#length + 1, () => [...beam, candidate % vocabSize]);
  }

  /** Chooses the beams of the next step among the candidates, which come with the sums of finished ones put far down. */
  #goOn(adjusted: Float32Array, vocabSize: number): void {
    const { numBeams, maxLength } = this.#config;
    this.#running.clear();
    this.#running.offer(adjusted, 0);
    for (let beam = 0; beam < numBeams; beam++) {
      const candidate = this.#candidates.indices[this.#running.indices[beam]!]!;
      const parent = Math.floor(candidate / vocabSize);
      const token = candidate % vocabSize;
      this.#nextTokens.set(this.#beam(parent), beam * maxLength);
      this.#nextTokens[beam * maxLength + this.#length] = token;
      this.parents[beam] = parent % this.numRows;
      this.inputIds[beam] = token;
    }
    this.#sums.set(this.#running.scores);
    [this.#tokens, this.#nextTokens] = [this.#nextTokens, this.#tokens];
    this.#length++;
  }

  #beam(beam: number): Int32Array {
    const { maxLength } = this.#config;
    return this.#tokens.subarray(beam * maxLength, beam * maxLength + this.#length);
  }
}
