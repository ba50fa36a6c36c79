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
/** What a quotation opens with, after white space, or anything at a text's start. */
const OPENED = /(?:^|[\s\p{Ps}—–])["'\p{Pi}*_]+$|^\p{Ps}+$/u;
/** After these a new clause may begin with a capital. */
const FRESH_START = /(?:[:—–•|*]|\s-)$/u;
const LOOK_BACK = 32;
/** Where so many of at least so many words that follow a word have capitals, these say nothing: a headline. */
const HEADLINE_SHARE = 0.75;
const HEADLINE_WORDS = 6;

/** The words of a text. Time is linear in the text. */
export function* wordsIn(text: string): Iterable<TextWord> {
  for (const { index: start, 0: word } of text.matchAll(WORD)) yield { start, end: start + word.length, key: keyOf(word) };
}

/** The words of a text that have capitals; none where most have. */
export function nameWordsIn(text: string): readonly NameWord[] {
  const names: NameWord[] = [];
  let lastEnd = -1;
  let numFollowing = 0;
  let numFollowingNames = 0;
  for (const word of wordsIn(text)) {
    // In a list of names each stands alone.
    const isFollowing = word.start === lastEnd + 1;
    const isName = hasCapital(text.slice(word.start, word.end), word.key);
    if (isFollowing) numFollowing++;
    if (isFollowing && isName) numFollowingNames++;
    lastEnd = word.end;
    if (!isName) continue;
    const isSurelyName = INNER_CAPITAL.test(text.slice(word.start, word.end));
    names.push({ ...word, isFirst: beginsSentence(text, word.start), isSurelyName });
  }
  return numFollowing >= HEADLINE_WORDS && numFollowingNames >= HEADLINE_SHARE * numFollowing ? [] : names;
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

function hasCapital(word: string, key: string): boolean {
  return key.length > 1 && CAPITAL.test(word) && !PRONOUN.test(word);
}

function beginsSentence(text: string, start: number): boolean {
  const lead = text.slice(Math.max(0, start - LOOK_BACK), start);
  const before = lead.trimEnd();
  if (before === '' || OPENED.test(lead) || lead.slice(before.length).includes('\n')) return true;
  return FRESH_START.test(before) || endsSentence(text, start - lead.length + before.length);
}
