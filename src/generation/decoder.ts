/** Scores of every word of the vocabulary as the next token of every row. */
export interface Logits {
  /** The caller may overwrite it. */
  readonly data: Float32Array; // [numRows, vocabSize]
  readonly vocabSize: number;
  /** Whether these are log-probabilities already. */
  readonly normalized: boolean;
}

/** One step: which rows go on, and with which token. */
export interface DecoderStep {
  /** The newest token of each row. */
  readonly inputIds: Int32Array; // [numRows]
  /** The row of the step before that each row continues; at the first step, the text's place in `start()`. */
  readonly parents: Int32Array; // [numRows]
  /** Whether log-probabilities will do, where the decoder has them. */
  readonly logProbs: boolean;
}

/** Texts that are being decoded together. A row that is nobody's parent is gone. */
export interface DecoderBatch {
  step(step: DecoderStep): Promise<Logits>;
}

/** What generation asks of a model. */
export interface Decoder {
  /** Reads the texts: one list of token ids for each, which may differ in length. */
  start(texts: readonly (readonly number[])[], padTokenId: number): Promise<DecoderBatch>;
}
