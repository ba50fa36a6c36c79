import { endsSentence } from '../sentence-ends.ts';

/** A word in a text, in UTF-16 code units. */
export interface TextWord {
  readonly start: number;
  readonly end: number;
  /** Without case, accents, apostrophes, stops and a possessive's end. */
  readonly key: string;
}

/** A word that may be of a name. */
export interface NameWord extends TextWord {
  /** It begins a sentence: any word would have its capital there. */
  readonly isFirst: boolean;
  /** It has capitals that no sentence gives it: NASA, McDonald, iPhone. */
  readonly isSurelyName: boolean;
}

/** Letters with apostrophes between them, or with a stop after each, as in U.S.A. */
const WORD = /\p{L}(?:\.\p{L})+(?!\p{L})|[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/gu;
const CAPITAL = /[\p{Lu}\p{Lt}]/u;
const INNER_CAPITAL = /[\p{L}\p{M}].*[\p{Lu}\p{Lt}]/u;
/** A capital in English, whatever it means. */
const PRONOUN = /^I(?:['’]\p{L}+)?$/u;
const OPENER = /[\p{Ps}\p{Pi}"'\s*_-]/u;
/** After these a new clause may begin with a capital, and after a line's end anything. */
const FRESH_START = /[:;—–•|\n]/u;
/** Where so many of at least so many words have capitals, these say nothing: a headline. */
const HEADLINE_SHARE = 0.75;
const HEADLINE_WORDS = 8;

/** The words of a text. Time is linear in the text. */
export function* wordsIn(text: string): Iterable<TextWord> {
  for (const { index: start, 0: word } of text.matchAll(WORD)) yield { start, end: start + word.length, key: keyOf(word) };
}

/** The words of a text that have capitals; none where most have. */
export function nameWordsIn(text: string): readonly NameWord[] {
  const words = [...wordsIn(text)];
  const names = words.flatMap((word): NameWord[] => {
    const spelled = text.slice(word.start, word.end);
    if (word.key.length < 2 || !CAPITAL.test(spelled) || PRONOUN.test(spelled)) return [];
    return [{ ...word, isFirst: beginsSentence(text, word.start), isSurelyName: INNER_CAPITAL.test(spelled) }];
  });
  const isHeadline = words.length >= HEADLINE_WORDS && names.length >= HEADLINE_SHARE * words.length;
  return isHeadline ? [] : names;
}

/** What a name may also be written as: its plural, its people (Russia, Russian), and back. */
export function variantsOf(key: string): readonly string[] {
  if (key.length < 4) return [key];
  const shorter = ['s', 'es', 'n'].filter((ending) => key.endsWith(ending)).map((ending) => key.slice(0, -ending.length));
  return [key, `${key}s`, `${key}es`, `${key}n`, ...shorter];
}

function keyOf(word: string): string {
  const bare = word.replace(/['’]s$/i, '').replace(/['’.]/g, '');
  return (/^[\0-\x7f]*$/.test(bare) ? bare : bare.normalize('NFKD').replace(/\p{M}/gu, '')).toLowerCase();
}

function beginsSentence(text: string, start: number): boolean {
  let at = start;
  while (at > 0 && OPENER.test(text[at - 1]!)) at--;
  const between = text.slice(at, start);
  if (at === 0 || between.includes('\n') || /[^\s-]|\s-/.test(between)) return true;
  return FRESH_START.test(text[at - 1]!) || endsSentence(text, at);
}
