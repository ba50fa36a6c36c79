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

interface TrieNode {
  readonly children: Map<number, TrieNode>;
  token: AddedToken | null;
}

const WORD_CHARACTER = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/**
 * Finds added tokens as the `tokenizers` package does: leftmost first, then longest. The time per character is at most the
 * longest token's length.
 */
export function createAddedTokenSplitter(tokens: readonly AddedToken[]): (text: string) => Iterable<Section> {
  const root: TrieNode = { children: new Map(), token: null };
  for (const token of tokens) addToTrie(root, token);
  if (root.children.size === 0) return (text) => (text === '' ? [] : [{ kind: 'text', text, isStart: true }]);

  return function* (text) {
    let done = 0;
    for (let at = 0; at < text.length; ) {
      const match = longestMatch(root, text, at);
      if (match === null) {
        at++;
        continue;
      }
      const { token } = match;
      const start = token.lstrip ? startOfSpace(text, at, done) : at;
      const end = token.rstrip ? endOfSpace(text, match.end) : match.end;
      at = match.end;
      if (token.singleWord && touchesWord(text, match.end - match.length, match.end)) continue;
      if (start > done) yield { kind: 'text', text: text.slice(done, start), isStart: done === 0 };
      yield { kind: 'token', id: token.id };
      done = end;
      at = end;
    }
    if (done < text.length) yield { kind: 'text', text: text.slice(done), isStart: done === 0 };
  };
}

function addToTrie(root: TrieNode, token: AddedToken): void {
  let node = root;
  for (let i = 0; i < token.content.length; i++) {
    const unit = token.content.charCodeAt(i);
    let child = node.children.get(unit);
    if (child === undefined) {
      child = { children: new Map(), token: null };
      node.children.set(unit, child);
    }
    node = child;
  }
  node.token ??= token;
}

function longestMatch(root: TrieNode, text: string, start: number) {
  let longest: { token: AddedToken; end: number; length: number } | null = null;
  let node = root.children.get(text.charCodeAt(start));
  for (let end = start + 1; node !== undefined; end++) {
    if (node.token !== null) longest = { token: node.token, end, length: end - start };
    node = node.children.get(text.charCodeAt(end));
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
