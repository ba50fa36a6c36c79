import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Unsupported, UnsupportedText } from '../schemas.ts';
import { endsSentence } from '../sentence-ends.ts';
import { digitNumbersIn, type TextNumber } from './digit-numbers.ts';
import { type NameWord, nameWordsIn, variantsOf, wordsIn } from './names.ts';
import { wordNumbersIn } from './number-words.ts';

/** What is read between two turns of the event loop: a few milliseconds. */
const SLICE_LENGTH = 32 * 1024;
/** What two slices have in common, so that nothing is missed between them. */
const OVERLAP = 128;
const MAX_WORD = 64;

/**
 * The numbers and the names in a summary that its source does not have, wherever there. Numbers are compared by value (1,000 and 1000, 25
 * and twenty-five, 2.5 million and 2,500,000); names are words with a capital, but not those that only begin a sentence, compared
 * word by word, without case, accents and possessive. Time is linear in both; the event loop has its turn in between.
 */
export async function findUnsupported(summary: string, source: string): Promise<Unsupported> {
  const numbers = [...digitNumbersIn(summary), ...wordNumbersIn(summary)].filter(({ readings }) => readings.length > 0);
  const names = nameWordsIn(summary);
  if (numbers.length === 0 && names.length === 0) return { numbers: [], names: [] };
  const found = createFindings(wantedOf(numbers, names, summary));
  for (const slice of slicesOf(source)) {
    found.search(slice);
    await nextTurn();
  }
  const lacking = numbers.filter((number) => !found.hasNumber(number)).sort((a, b) => a.start - b.start);
  return {
    numbers: lacking.map(({ start, end }) => cite(summary, start, end)),
    names: runsOf(lackingNames(names, found.hasName), summary).map(({ start, end }) => cite(summary, start, end)),
  };
}

interface Wanted {
  readonly values: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  /** The last word or number of a summary that was cut: it may be the beginning of another. */
  readonly cutNumber: TextNumber | undefined;
  readonly cutName: NameWord | undefined;
}

function wantedOf(numbers: readonly TextNumber[], names: readonly NameWord[], summary: string): Wanted {
  const isCut = (word: { readonly end: number } | undefined) =>
    word !== undefined && word.end === summary.length && !endsSentence(summary, summary.length);
  const number = numbers.find(isCut);
  const name = names.find(isCut);
  return {
    values: new Set(numbers.flatMap(({ readings }) => readings.flat())),
    keys: new Set(names.flatMap(({ key }) => variantsOf(key))),
    cutNumber: number,
    cutName: name,
  };
}

/** What of the wanted was found so far. */
interface Findings {
  search(slice: string): void;
  hasNumber(number: TextNumber): boolean;
  hasName(name: NameWord): boolean;
}

function createFindings({ values, keys, cutNumber, cutName }: Wanted): Findings {
  const foundValues = new Set<string>();
  const foundKeys = new Set<string>();
  const begun = new Set<object>();
  const note = (number: TextNumber) => {
    for (const value of number.values) {
      if (values.has(value)) foundValues.add(value);
      if (cutNumber?.readings.some(([reading]) => value.startsWith(reading!)) === true) begun.add(cutNumber);
    }
  };
  return {
    search(slice) {
      if (values.size > 0) {
        for (const number of digitNumbersIn(slice)) note(number);
        for (const number of wordNumbersIn(slice)) note(number);
      }
      let last = { end: -1, key: '' };
      for (const { start, end, key } of keys.size === 0 ? [] : wordsIn(slice)) {
        if (keys.has(key)) foundKeys.add(key);
        if (cutName !== undefined && key.startsWith(cutName.key)) begun.add(cutName);
        // "Co-operate" has "cooperate" too.
        if (start === last.end + 1 && slice[last.end] === '-' && keys.has(last.key + key)) foundKeys.add(last.key + key);
        last = { end, key };
      }
    },
    hasNumber: (number) =>
      begun.has(number) || number.readings.some((reading) => reading.every((value) => foundValues.has(value))),
    hasName: (name) => begun.has(name) || variantsOf(name.key).some((variant) => foundKeys.has(variant)),
  };
}

/** A sentence's first word is no name by its capital: it takes another sign that it is one. */
function lackingNames(names: readonly NameWord[], hasName: (name: NameWord) => boolean): readonly NameWord[] {
  const lacking = names.filter((name) => !hasName(name));
  const keysInside = new Set(lacking.filter(({ isFirst }) => !isFirst).map(({ key }) => key));
  const startsInside = new Set(lacking.filter(({ isFirst }) => !isFirst).map(({ start }) => start));
  return lacking.filter(
    ({ isFirst, isSurelyName, key, end }) => !isFirst || isSurelyName || keysInside.has(key) || startsInside.has(end + 1),
  );
}

/** Words side by side as one. */
function runsOf(words: readonly NameWord[], text: string): readonly { readonly start: number; readonly end: number }[] {
  const runs: { readonly start: number; end: number }[] = [];
  for (const { start, end } of words) {
    const run = runs.at(-1);
    if (run !== undefined && start === run.end + 1 && /[ -]/.test(text[run.end]!)) run.end = end;
    else runs.push({ start, end });
  }
  return runs;
}

function cite(text: string, start: number, end: number): UnsupportedText {
  return { text: text.slice(start, end), start, end };
}

/** A text in slices that overlap and end between words, as far as it has words. */
function* slicesOf(text: string): Iterable<string> {
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + SLICE_LENGTH);
    for (let at = end; end < text.length && at > end - MAX_WORD; at--) {
      if (!/\s/.test(text[at]!)) continue;
      end = at;
      break;
    }
    yield text.slice(start, end);
    start = end === text.length ? end : end - OVERLAP;
  }
}
