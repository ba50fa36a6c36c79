import type { TextTokenizer } from '../preprocessing/tokenizer.ts';
import type { TokenizationAnswer, TokenizationRequest } from '../protocol.ts';

/** The ids of a whole text, as the model's tokenizer makes them: no prefix, nothing cut. */
export function tokenize(tokenizer: TextTokenizer, { text }: TokenizationRequest): TokenizationAnswer {
  const { ids } = tokenizer.encode(text, { maxTokens: null });
  return { task: 'tokenization', ids, tokens: ids.map((id) => tokenizer.tokenText(id) ?? '') };
}
