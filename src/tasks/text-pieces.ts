import { createClusterFinder, type FindClusterEnd } from '../preprocessing/grapheme-breaks.ts';
import { isWhiteSpace } from '../preprocessing/white-space.ts';
import { endOfWideMarks, endsSentence } from '../sentence-ends.ts';

/** How good a place to divide a text is, from bad to good. */
const BORDER = { character: 0, word: 1, line: 2, sentence: 3, paragraph: 4, end: 5 } as const;
type Border = (typeof BORDER)[keyof typeof BORDER];

/** A stretch of a text, in UTF-16 code units, without the white space around it. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** What its end is. */
  readonly border: Border;
}

const LINE_FEED = 0x0a;
const PARAGRAPH_SEPARATOR = 0x2029;

/**
 * Cuts a text into its sentences; short ones stay together until they have `minLength` characters. Time is linear in the text,
 * which Intl.Segmenter's is not.
 */
export function* sentencesOf(text: string, minLength: number): Iterable<Piece> {
  let start = endOfSpace(text, 0);
  let at = start;
  while (at < text.length) {
    const isSpace = isWhiteSpace(text.charCodeAt(at));
    const end = isSpace ? at : endOfWideMarks(text, at);
    const next = endOfSpace(text, end);
    if (next === at) {
      at++;
      continue;
    }
    const border = isSpace ? borderOf(text, at, next) : BORDER.sentence;
    at = next;
    if (next < text.length && (border < BORDER.sentence || end - start < minLength)) continue;
    yield { start, end, border: next === text.length ? BORDER.end : border };
    start = next;
  }
  if (start < text.length) yield { start, end: text.length, border: BORDER.end };
}

/** Cuts a piece of at least two characters into about `numPieces` of equal length. */
export type CutPiece = (text: string, piece: Piece, numPieces: number) => Iterable<Piece>;

/**
 * Cuts at the ends of lines or words where there are some, else between characters; one that is longer than a piece (a letter
 * under a thousand accents) is cut between code points. Time is linear in the piece.
 */
export function createPieceCutter(): CutPiece {
  let findClusterEnd: FindClusterEnd | undefined;

  function placeOfCharacter(text: string, from: number, to: number) {
    // Its tables take a moment, and most texts have spaces.
    findClusterEnd ??= createClusterFinder();
    const end = lastCharacterEnd(text, { from, to, findClusterEnd });
    return { end, next: end, border: BORDER.character };
  }

  return function* (text, { start, end, border }, numPieces) {
    const length = Math.max(1, Math.ceil((end - start) / numPieces));
    let from = start;
    while (end - from > length) {
      const to = from + length;
      const cut = placeOfSpace(text, from, to) ?? placeOfCharacter(text, from, to);
      if (cut.next >= end) break;
      yield { start: from, end: cut.end, border: cut.border };
      from = cut.next;
    }
    yield { start: from, end, border };
  };
}

/** The last line's end between `from` and `to`, unless a word ends in the second half and no line there; `next`: where the text goes on. */
function placeOfSpace(text: string, from: number, to: number) {
  let space = -1;
  const middle = (from + to) >> 1;
  for (let at = to; at > from && !(space !== -1 && at <= middle); at--) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED) return aroundSpace(text, at, BORDER.line);
    if (space === -1 && isWhiteSpace(code)) space = at;
  }
  return space === -1 ? undefined : aroundSpace(text, space, BORDER.word);
}

function aroundSpace(text: string, at: number, border: Border) {
  let end = at;
  while (isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return { end, next: endOfSpace(text, at), border };
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly findClusterEnd: FindClusterEnd;
}

/** The last end of a character after `from` and not beyond `to`. */
function lastCharacterEnd(text: string, { from, to, findClusterEnd }: Stretch): number {
  // One code point more, to see whether the last character goes on; not all of a character without end.
  const window = text.slice(from, to + 2);
  let end = 0;
  while (end < window.length) {
    let next = findClusterEnd(window, end);
    // The finder leaves the two halves of a flag apart.
    if (isRegionalIndicator(window, end) && isRegionalIndicator(window, end + 2)) next = findClusterEnd(window, end + 2);
    if (from + next > to) break;
    end = next;
  }
  if (end > 0) return from + end;
  if (!dividesPair(text, to)) return to;
  return to - 1 > from ? to - 1 : to + 1;
}

function isRegionalIndicator(text: string, at: number): boolean {
  const code = text.codePointAt(at) ?? 0;
  return code >= 0x1f1e6 && code <= 0x1f1ff;
}

/** Whether a cut at `at` would divide a surrogate pair. */
function dividesPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const code = text.charCodeAt(at);
  return before >= 0xd800 && before < 0xdc00 && code >= 0xdc00 && code < 0xe000;
}

function borderOf(text: string, start: number, end: number): Border {
  let numLines = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED) numLines++;
    if (code === PARAGRAPH_SEPARATOR) numLines = 2;
  }
  if (numLines > 1) return BORDER.paragraph;
  // A line that ends with a sentence may be a whole paragraph.
  if (endsSentence(text, start)) return numLines === 1 ? BORDER.paragraph : BORDER.sentence;
  return numLines === 1 ? BORDER.line : BORDER.word;
}

function endOfSpace(text: string, start: number): number {
  let end = start;
  while (end < text.length && isWhiteSpace(text.charCodeAt(end))) end++;
  return end;
}
