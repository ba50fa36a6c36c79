import { readFileSync } from 'node:fs';
import type { TokenizerFiles } from '../../../src/preprocessing/tokenizer.ts';

/** The parsed files of a tokenizer in test/fixtures/tokenizers. */
export function readFixture(name: string): TokenizerFiles {
  const read = (file: string): unknown => JSON.parse(readFileSync(`test/fixtures/tokenizers/${name}/${file}`, 'utf8'));
  return {
    tokenizer: read('tokenizer.json'),
    tokenizerConfig: read('tokenizer_config.json'),
    specialTokensMap: read('special_tokens_map.json'),
  };
}
