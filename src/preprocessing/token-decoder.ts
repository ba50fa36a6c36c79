import { byteCharacters } from './byte-characters.ts';
import { metaspaceSettings } from './pre-tokenizer.ts';
import type { TokenizerJson } from './tokenizer-schema.ts';

/** Puts the texts of tokens together. */
export type JoinTokens = (tokens: readonly string[]) => string;

/** The `decoder` of a tokenizer.json, as the `tokenizers` package applies it; without one, tokens are set apart by spaces. */
export function createTokenDecoder(config: TokenizerJson['decoder']): JoinTokens {
  if (config === null) return (tokens) => tokens.join(' ');
  if (config.type === 'ByteLevel') return createByteLevelDecoder();
  const { replacement, prependScheme } = metaspaceSettings(config);
  const firstMark = prependScheme === 'never' ? ' ' : '';
  return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 ? firstMark : ' ')).join('');
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

function createByteLevelDecoder(): JoinTokens {
  const bytes = new Map(byteCharacters().map((character, byte) => [character, byte]));
  const bytesOf = (token: string): Uint8Array => {
    const values = Array.from(token, (character) => bytes.get(character));
    // A token with a character that stands for no byte is text as it is.
    return values.every((value) => value !== undefined) ? Uint8Array.from(values) : Buffer.from(token);
  };
  // Cut-off characters become U+FFFD, one per maximal part, as in Rust.
  return (tokens) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(tokens.map(bytesOf)));
}
