import { OnnxPredictError } from '../errors.ts';
import type { AddedToken } from './added-tokens.ts';
import type { Normalize } from './text-normalizer.ts';
import type { TokenModel } from './token-model.ts';
import type { NamedToken, TokenizerConfig } from './tokenizer-config.ts';
import type { TokenizerJson } from './tokenizer-schema.ts';
import { MAX_TOKENS } from './tokenizer-vocabulary.ts';

/** All tokens of a tokenizer: those of its model and those that were added to them. */
export interface TokenCollection {
  /** By id, with holes where an id stands for nothing. */
  readonly texts: readonly (string | undefined)[];
  /** By what the file calls them. */
  readonly added: ReadonlyMap<string, AddedToken>;
  /** The texts of tokens that are left out when ids become a text. */
  readonly special: ReadonlySet<string>;
}

interface CollectOptions {
  readonly config: TokenizerConfig;
  readonly idOf: TokenModel['idOf'];
  readonly normalize: Normalize;
}

/**
 * The tokens of tokenizer.json, and those that the configuration names beyond them: as in transformers these get the id that the
 * model has for them, or the next one that is free.
 * @throws OnnxPredictError MODEL_INVALID if there are too many
 */
export function collectTokens(
  { model, addedTokens }: TokenizerJson,
  { config, idOf, normalize }: CollectOptions,
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
    const normalized = token.normalized ?? token.special !== true;
    // A token that is looked for in normalized texts is normalized itself, also in what it decodes to.
    const content = normalized ? normalize(token.content) : token.content;
    added.set(token.content, {
      id,
      content,
      singleWord: token.single_word === true,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
      normalized,
    });
    texts[id] = content;
  };
  for (const token of addedTokens) add(token, token.id);
  for (const token of config.tokens) add(token, token.id ?? idOf(token.content) ?? texts.length);
  return { texts, added, special };
}
