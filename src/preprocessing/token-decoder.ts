import { byteCharacters } from './byte-characters.ts';
import { metaspaceSettings } from './pre-tokenizer.ts';
import type { TokenizerJson } from './tokenizer-schema.ts';

/** Puts the texts of one sequence's tokens together, as they come. */
export interface TokenJoiner {
  /** What these tokens add to the text: whole characters, whatever tokens follow. */
  add(tokens: readonly string[]): string;
  /** What is left of a character that was cut off. */
  end(): string;
}

/** The `decoder` of a tokenizer.json, as the `tokenizers` package applies it; without one, tokens are set apart by spaces. */
export function createTokenDecoder(config: TokenizerJson['decoder']): () => TokenJoiner {
  if (config === null) return joinEach((token, isFirst) => (isFirst ? token : ` ${token}`));
  if (config.type === 'ByteLevel') return createByteLevelDecoder();
  const { replacement, prependScheme } = metaspaceSettings(config);
  const firstMark = prependScheme === 'never' ? ' ' : '';
  return joinEach((token, isFirst) => token.replaceAll(replacement, isFirst ? firstMark : ' '));
}

/** A decoder to which a token is always the same text, but for the first one. */
function joinEach(textOf: (token: string, isFirst: boolean) => string): () => TokenJoiner {
  return () => {
    let isFirst = true;
    const add = (token: string) => {
      const text = textOf(token, isFirst);
      isFirst = false;
      return text;
    };
    return { add: (tokens) => tokens.map(add).join(''), end: () => '' };
  };
}

/** Spaces that word pieces leave before punctuation, removed as transformers' `clean_up_tokenization` does, in its order. */
export function cleanUpSpaces(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

function createByteLevelDecoder(): () => TokenJoiner {
  const bytes = new Map(byteCharacters().map((character, byte) => [character, byte]));
  const bytesOf = (token: string): Uint8Array => {
    const values = Array.from(token, (character) => bytes.get(character));
    // A token with a character that stands for no byte is text as it is.
    return values.every((value) => value !== undefined) ? Uint8Array.from(values) : Buffer.from(token);
  };
  return () => {
    // Cut-off characters become U+FFFD, one per maximal part, as in Rust.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return {
      add: (tokens) => decoder.decode(Buffer.concat(tokens.map(bytesOf)), { stream: true }),
      end: () => decoder.decode(),
    };
  };
}
