import { OnnxPredictError } from '../errors.ts';
import type { AddedToken } from './added-tokens.ts';
import type { NamedToken, TokenizerConfig } from './tokenizer-config.ts';
import type { TokenizerJson } from './tokenizer-schema.ts';
import { MAX_TOKENS } from './tokenizer-vocabulary.ts';

/** All tokens of a tokenizer: those of its model and those that were added to them. */
export interface TokenCollection {
  /** By id, with holes where an id stands for nothing. */
  readonly texts: readonly (string | undefined)[];
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
  /** The contents of special tokens. */
  readonly special: ReadonlySet<string>;
}

/**
 * The tokens of tokenizer.json, and those that the configuration names beyond them: as in transformers these get the id that the
 * model has for them, or the next one that is free.
 * @throws OnnxPredictError MODEL_INVALID if there are too many
 */
export function collectTokens({ model, addedTokens }: TokenizerJson, config: TokenizerConfig, source: string): TokenCollection {
  const ids = new Map(model.type === 'BPE' ? model.vocab : model.pieces.map(([piece], id) => [piece, id]));
  const texts: (string | undefined)[] = [];
  for (const [text, id] of ids) texts[id] = text;
  const added = new Map<string, AddedToken>();
  const special = new Set<string>();
  const add = (token: NamedToken, id: number) => {
    if (token.special === true) special.add(token.content);
    if (added.has(token.content)) return;
    if (id >= MAX_TOKENS) throw new OnnxPredictError('MODEL_INVALID', `${source} has more than ${MAX_TOKENS} tokens.`);
    added.set(token.content, {
      id,
      content: token.content,
      singleWord: token.single_word === true,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
      normalized: token.normalized ?? token.special !== true,
      special: token.special === true,
    });
    ids.set(token.content, id);
    texts[id] = token.content;
  };
  for (const token of addedTokens) add(token, token.id);
  for (const token of config.tokens) add(token, token.id ?? ids.get(token.content) ?? texts.length);
  return { texts, ids, added: [...added.values()], special };
}
