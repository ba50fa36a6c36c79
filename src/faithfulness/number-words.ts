import type { TextNumber } from './digit-numbers.ts';

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen';
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety';
const ORDINALS = 'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth';
const VALUES: ReadonlyMap<string, number> = new Map([
  ...SMALL.split(' ').map((word, value) => [word, value] as const),
  ...TENS.split(' ').map((word, tens) => [word, 10 * (tens + 2)] as const),
]);
const SCALES: ReadonlyMap<string, number> = new Map([
  ['hundred', 100],
  ['thousand', 1e3],
  ['million', 1e6],
  ['billion', 1e9],
  ['trillion', 1e12],
]);
/** What says a number without being one: it is not looked for, but found. */
const HINTS: ReadonlyMap<string, number> = new Map([
  ...ORDINALS.split(' ').map((word, place) => [word, place + 1] as const),
  ...['both', 'pair', 'couple', 'twice', 'double'].map((word) => [word, 2] as const),
  ['triple', 3],
  ['dozen', 12],
]);
const WORD = new RegExp(`(?<!\\p{L})(?:${[...VALUES.keys(), ...SCALES.keys(), ...HINTS.keys()].join('|')})(?!\\p{L})`, 'giu');
/** What may stand between the words of one number. */
const JOINT = /^(?: and |-and-|[ -])$/;
const MAX_JOINT = 5;
/** Nobody counts below: "one" is a pronoun, "zero" a manner of speaking. */
const FIRST_COUNTED = 2;

/** A number in words while it is read. */
interface Reading {
  readonly start: number;
  end: number;
  /** What was closed by a thousand, a million... */
  total: number;
  current: number;
  hasValue: boolean;
}

/** The numbers that an English text has in words, up to the trillions. Those that are only hinted at ("both") have no readings. */
export function* wordNumbersIn(text: string): Iterable<TextNumber> {
  let reading: Reading | undefined;
  for (const { index: start, 0: spelled } of text.matchAll(WORD)) {
    const word = spelled.toLowerCase();
    const end = start + word.length;
    const isJoined = reading !== undefined && start - reading.end <= MAX_JOINT && JOINT.test(text.slice(reading.end, start));
    if (reading !== undefined && isJoined && extend(reading, word)) {
      reading.end = end;
      continue;
    }
    if (reading !== undefined) yield describe(reading);
    const hint = HINTS.get(word);
    reading = hint === undefined ? begin(word, start, end) : undefined;
    if (hint !== undefined) yield { start, end, readings: [], values: [String(hint)] };
  }
  if (reading !== undefined) yield describe(reading);
}

function begin(word: string, start: number, end: number): Reading {
  const value = VALUES.get(word);
  // "A hundred" has a value too, but nobody means it exactly.
  return { start, end, total: 0, current: value ?? SCALES.get(word)!, hasValue: value !== undefined };
}

/** Adds a word to a number; false if it cannot go on with it. */
function extend(reading: Reading, word: string): boolean {
  const { current, hasValue } = reading;
  const scale = SCALES.get(word);
  if (scale === 100) {
    if (!hasValue || current === 0 || current >= 100) return false;
    reading.current *= scale;
    return true;
  }
  if (scale !== undefined) {
    if (!hasValue || current === 0) return false;
    reading.total += current * scale;
    reading.current = 0;
    return true;
  }
  const value = VALUES.get(word);
  if (value === undefined || value === 0) return false;
  const isAfterTens = current % 100 >= 20 && current % 10 === 0 && value < 10;
  const isAfterScale = (current === 0 && reading.total > 0) || (current > 0 && current % 100 === 0);
  if (!isAfterTens && !isAfterScale) return false;
  reading.current += value;
  return true;
}

function describe({ start, end, total, current, hasValue }: Reading): TextNumber {
  const value = String(total + current);
  const isCounted = hasValue && total + current >= FIRST_COUNTED;
  return { start, end, readings: isCounted ? [[value]] : [], values: [value] };
}
