import { codePointClasses } from './code-point-classes.ts';
import { LETTERS, NUMBERS } from './unicode-tables.ts';
import { isWhiteSpace } from './white-space.ts';

/** 0 is all else. */
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/** Cuts a text into words. */
export type SplitWords = (text: string) => Iterable<string>;

/**
 * GPT-2's pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` as a scanner: no backtracking, no
 * list of all matches, and the character classes of the reference whatever Unicode version Node has.
 */
export function createByteLevelSplitter(): SplitWords {
  const classes = codePointClasses([
    [LETTER, LETTERS],
    [NUMBER, NUMBERS],
  ]);
  for (let code = 0; code <= 0x3000; code++) if (isWhiteSpace(code)) classes[code] = SPACE;

  const endOfRun = (text: string, start: number): number => {
    const runClass = classes[text.codePointAt(start)!];
    let end = start;
    while (end < text.length) {
      const code = text.codePointAt(end)!;
      if (classes[code] !== runClass) break;
      end += code > 0xffff ? 2 : 1;
    }
    return end;
  };

  const endOfWord = (text: string, start: number): number => {
    const contraction = text[start] === "'" ? CONTRACTIONS.find((ending) => text.startsWith(ending, start)) : undefined;
    if (contraction !== undefined) return start + contraction.length;
    const code = text.codePointAt(start)!;
    if (classes[code] !== SPACE) return endOfRun(text, start);
    const next = text.codePointAt(start + 1);
    if (code === 0x20 && next !== undefined && classes[next] !== SPACE) return endOfRun(text, start + 1);
    const end = endOfRun(text, start);
    // White space before a word leaves its last character to the word, but one alone stays.
    return end < text.length && end - start > 1 ? end - 1 : end;
  };

  return function* (text) {
    for (let start = 0; start < text.length; ) {
      const end = endOfWord(text, start);
      yield text.slice(start, end);
      start = end;
    }
  };
}
