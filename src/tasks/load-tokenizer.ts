import { createTextTokenizer, type TextTokenizer } from '../preprocessing/tokenizer.ts';
import { readJson } from './read-json.ts';

// mT5's tokenizer.json, with 250,000 pieces, is about 16 MB.
const MAX_TOKENIZER_BYTES = 64 * 1024 * 1024;
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/** Where a model's tokenizer files are; null for those that it does not have. */
export interface TokenizerPaths {
  readonly tokenizer: string;
  readonly tokenizerConfig: string | null;
  readonly specialTokensMap: string | null;
}

/**
 * Loads the tokenizer of a T5-family or BART-family model.
 * @throws OnnxPredictError MODEL_INVALID naming the file and what is wrong with it
 */
export async function loadTokenizer({ tokenizer, tokenizerConfig, specialTokensMap }: TokenizerPaths): Promise<TextTokenizer> {
  const files = {
    tokenizer: await readJson(tokenizer, MAX_TOKENIZER_BYTES),
    tokenizerConfig: tokenizerConfig === null ? null : await readJson(tokenizerConfig, MAX_CONFIG_BYTES),
    specialTokensMap: specialTokensMap === null ? null : await readJson(specialTokensMap, MAX_CONFIG_BYTES),
  };
  return createTextTokenizer(files, tokenizer);
}
