/** The part of a tokenizer that knows the vocabulary. */
export interface TokenModel {
  /** The ids of one word, as the pre-tokenizer cuts them. */
  encode(word: string): readonly number[];
  /** The id of what is one token as it stands. */
  idOf(token: string): number | undefined;
}

/** Words up to this length are remembered with their ids. */
const MAX_CACHED_LENGTH = 64;
const MAX_CACHED_WORDS = 16_384;

/** `model` with a memory for short words. */
export function rememberWords(model: TokenModel): TokenModel {
  const known = new Map<string, readonly number[]>();
  return {
    idOf: model.idOf,
    encode(word) {
      if (word.length > MAX_CACHED_LENGTH) return model.encode(word);
      const cached = known.get(word);
      if (cached !== undefined) return cached;
      const ids = model.encode(word);
      if (known.size >= MAX_CACHED_WORDS) known.clear();
      known.set(word, ids);
      return ids;
    },
  };
}
