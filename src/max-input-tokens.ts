/** T5's length where neither the configuration nor the tokenizer says one. */
const DEFAULT_MAX_INPUT_TOKENS = 512;

/** What a summarizer's files say of how much it reads. Null: nothing. */
export interface InputLengths {
  /** `model_max_length` of tokenizer_config.json. */
  readonly modelMaxLength: number | null | undefined;
  /** Of config.json: positions beyond do not exist. */
  readonly maxPositionEmbeddings: number | null | undefined;
  /** Of config.json: what T5 was trained with. */
  readonly nPositions: number | null | undefined;
}

/** How many tokens a summarizer's encoder reads at most, special tokens included. */
export function findMaxInputTokens({ modelMaxLength, maxPositionEmbeddings, nPositions }: InputLengths): number {
  const said = [modelMaxLength, maxPositionEmbeddings, nPositions].filter((limit) => typeof limit === 'number');
  return said.length === 0 ? DEFAULT_MAX_INPUT_TOKENS : Math.min(...said);
}
