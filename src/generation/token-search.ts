import type { Logits } from './decoder.ts';

/** A finished text. */
export interface GeneratedSequence {
  /** What `generate()` returns in Python: the start token first, the end token if there is one, no padding. */
  readonly outputIds: readonly number[];
  /** transformers' `sequences_scores`; null when greedy. */
  readonly score: number | null;
  /** `eos`: its last token is an end token, chosen or forced; `length`: it was cut where it reached the maximum length. */
  readonly stopReason: 'eos' | 'length';
}

/** The decoding of one text: it takes the logits of its rows, step by step, until it is finished. */
export interface TokenSearch {
  /** The newest token of each row that goes on; of several equal rows before the first step, the first counts. */
  readonly inputIds: Int32Array; // [numRows]
  /** The row of the step before that each row continues. */
  readonly parents: Int32Array; // [numRows]
  /** Whether it asks for log-probabilities, and not for logits as they are. */
  readonly takesLogProbs: boolean;
  /** How many rows the next step has: one at the first step. */
  numRows(): number;
  /**
   * Takes a step.
   * @param logits of its rows, which it overwrites
   * @returns true if the text is finished
   * @throws OnnxPredictError MODEL_INVALID if a logit is not a number
   */
  advance(logits: Logits): boolean;
  /** The length of the best text so far, finished or not. */
  numTokens(): number;
  /** What the best text begins with in the end, whatever comes, start token first: it is only ever added to. */
  final(): Int32Array; // [length]
  /** The finished texts, best first: `numReturnSequences` of them, or as many as there are. */
  sequences(): readonly GeneratedSequence[];
}

/** Why a text ends where it ends. */
export function stopReason(outputIds: readonly number[], eosTokenIds: readonly number[]): 'eos' | 'length' {
  return eosTokenIds.includes(outputIds.at(-1)!) ? 'eos' : 'length';
}
