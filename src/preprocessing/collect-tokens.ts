import { OnnxPredictError } from '../errors.ts';
import type { AddedToken } from './added-tokens.ts';
import type { TokenModel } from './token-model.ts';
import type { NamedToken, TokenizerConfig } from './tokenizer-config.ts';
import type { TokenizerJson } from './tokenizer-schema.ts';
import { MAX_TOKENS } from './tokenizer-vocabulary.ts';

/** All tokens of a tokenizer: those of its model and those that were added to them. */
export interface TokenCollection {
  /** By id, with holes where an id stands for nothing. */
  readonly texts: readonly (string | undefined)[];
  /** By content. */
  readonly added: ReadonlyMap<string, AddedToken>;
  /** The contents of special tokens. */
  readonly special: ReadonlySet<string>;
}

/**
 * The tokens of tokenizer.json, and those that the configuration names beyond them: as in transformers these get the id that the
 * model has for them, or the next one that is free.
 * @throws OnnxPredictError MODEL_INVALID if there are too many
 */
export function collectTokens(
  { model, addedTokens }: TokenizerJson,
  { tokens, idOf }: { readonly tokens: TokenizerConfig['tokens']; readonly idOf: TokenModel['idOf'] },
  source: string,
): TokenCollection {
  const texts: (string | undefined)[] = model.type === 'BPE' ? [] : model.pieces.map(([piece]) => piece);
  if (model.type === 'BPE') for (const [text, id] of model.vocab) texts[id] = text;
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
    texts[id] = token.content;
  };
  for (const token of addedTokens) add(token, token.id);
  for (const token of tokens) add(token, token.id ?? idOf(token.content) ?? texts.length);
  return { texts, added, special };
}
