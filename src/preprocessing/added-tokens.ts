import { buildTextTrie, type TextTrie } from './text-trie.ts';
import { isWhiteSpace } from './white-space.ts';

/** A token that is found in a text before anything else is done to it. */
export interface AddedToken {
  readonly id: number;
  /** What is looked for. */
  readonly content: string;
  /** Only where no word character touches it. */
  readonly singleWord: boolean;
  /** Takes the white space on its left, or right, with it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Looked for in the normalized text instead of the text as given. */
  readonly normalized: boolean;
}

/** A part of a text: an added token, or what lies between two. `isStart`: nothing came before it. */
export type Section =
  | { readonly kind: 'token'; readonly id: number }
  | { readonly kind: 'text'; readonly text: string; readonly isStart: boolean };

const WORD_CHARACTER = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds added tokens as the `tokenizers` package does: leftmost first, then longest. The time per character is at most the
 * longest token's length.
 */
export function createAddedTokenSplitter(tokens: readonly AddedToken[]): (text: string) => Iterable<Section> {
  const trie = buildTextTrie(tokens.map(({ content }) => content));
  if (tokens.length === 0) return (text) => (text === '' ? [] : [{ kind: 'text', text, isStart: true }]);

  return function* (text) {
    let done = 0;
    for (let at = 0; at < text.length; ) {
      const match = longestMatch(trie, text, at);
      if (match === null) {
        at++;
        continue;
      }
      const token = tokens[match.index]!;
      const start = token.lstrip ? startOfSpace(text, at, done) : at;
      const end = token.rstrip ? endOfSpace(text, match.end) : match.end;
      at = match.end;
      if (token.singleWord && touchesWord(text, match.start, match.end)) continue;
      if (start > done) yield { kind: 'text', text: text.slice(done, start), isStart: done === 0 };
      yield { kind: 'token', id: token.id };
      done = end;
      at = end;
    }
    if (done < text.length) yield { kind: 'text', text: text.slice(done), isStart: done === 0 };
  };
}

function longestMatch(trie: TextTrie, text: string, start: number) {
  let longest: { readonly index: number; readonly start: number; readonly end: number } | null = null;
  let node = trie.next(0, text.charCodeAt(start));
  for (let end = start + 1; node !== -1; end++) {
    const index = trie.indexAt(node);
    if (index !== -1) longest = { index, start, end };
    node = end < text.length ? trie.next(node, text.charCodeAt(end)) : -1;
  }
  return longest;
}

function startOfSpace(text: string, end: number, floor: number): number {
  let start = end;
  while (start > floor && isWhiteSpace(text.charCodeAt(start - 1))) start--;
  return start;
}

function endOfSpace(text: string, start: number): number {
  let end = start;
  while (end < text.length && isWhiteSpace(text.charCodeAt(end))) end++;
  return end;
}

function touchesWord(text: string, start: number, end: number): boolean {
  const before = text.codePointAt(start - 2);
  const previous = before !== undefined && before > 0xffff ? before : text.codePointAt(start - 1);
  const next = text.codePointAt(end);
  return [previous, next].some((code) => code !== undefined && WORD_CHARACTER.test(String.fromCodePoint(code)));
}
