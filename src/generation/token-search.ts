/** A finished text. */
export interface GeneratedSequence {
  /** What `generate()` returns in Python: the start token first, the end token if there is one, no padding. */
  readonly outputIds: readonly number[];
  /** transformers' `sequences_scores`; null when greedy. */
  readonly score: number | null;
  /** `length`: it was cut where it reached the maximum length. */
  readonly stopReason: 'eos' | 'length';
}

/** The decoding of one text: it takes the logits of its rows, step by step, until it is finished. */
export interface TokenSearch {
  /** The newest token of each row that goes on. */
  readonly inputIds: Int32Array; // [numRows]
  /** The row of the step before that each row continues. */
  readonly parents: Int32Array; // [numRows]
  readonly numRows: number;
  /** The best text so far, finished or not; valid until the next step. */
  readonly best: Int32Array; // [length]
  /**
   * Takes a step. There is one row at the first one.
   * @param logits [numRows * vocabSize], which it overwrites
   * @returns true if the text is finished
   */
  advance(logits: Float32Array, vocabSize: number): boolean;
  /** Best first. */
  sequences(): readonly GeneratedSequence[];
}

/** Why a text ends where it ends. */
export function stopReason(outputIds: readonly number[], eosTokenIds: readonly number[]): 'eos' | 'length' {
  return eosTokenIds.includes(outputIds.at(-1)!) ? 'eos' : 'length';
}
