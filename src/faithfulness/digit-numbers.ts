/** A number in a text, in UTF-16 code units. */
export interface TextNumber {
  readonly start: number;
  readonly end: number;
  /** What it may mean: it is in another text if all values of one of these are. */
  readonly readings: readonly (readonly string[])[];
  /** All values that a text with it has. */
  readonly values: readonly string[];
}

/** Digits of any script, with what may stand between the groups of a number. */
const RUN = /\p{Nd}+(?:[.,'’]\p{Nd}+)*/gu;
/** The groups of a number that is written with spaces: 1 234 567,8. */
const SPACED_GROUPS = /(?:[ \u00a0\u2009\u202f]\p{Nd}{3})+(?:[.,]\p{Nd}+)?(?!\p{Nd})/uy;
const SHORT_GROUP = /^\p{Nd}{1,3}$/u;
const GROUPED = /^(\d{1,3})((?:[,' ]\d{3})+|(?:,\d{2})+,\d{3}|(?:\.\d{3})+)(?:[.,](\d+))?$/;
const DECIMAL = /^(\d+)[.,](\d+)$/;
const SCALE_WORD = /[\s-]?(hundred|thousand|million|billion|trillion|lakh|crore)s?(?!\p{L})/iuy;
const SCALE_LETTERS = /(k|m|mn|mln|b|bn|tn)(?!\p{L})/iuy;
const EXPONENTS: Readonly<Record<string, number>> = {
  ...{ hundred: 2, thousand: 3, million: 6, billion: 9, trillion: 12, lakh: 5, crore: 7 },
  ...{ k: 3, m: 6, mn: 6, mln: 6, b: 9, bn: 9, tn: 12 },
};
/** Beyond these it is no number that anybody reads. */
const MAX_NUMBER_LENGTH = 64;

/** The numbers that a text has in digits. Time is linear in the text. */
export function* digitNumbersIn(text: string): Iterable<TextNumber> {
  let done = 0;
  for (const { index: start, 0: run } of text.matchAll(RUN)) {
    // A run of spaced groups holds those that follow it.
    if (start < done) continue;
    let end = start + run.length;
    const spaced = SHORT_GROUP.test(run) ? matchAt(SPACED_GROUPS, text, end) : undefined;
    end += spaced?.[0].length ?? 0;
    done = end;
    const digits = toAsciiDigits(text.slice(start, end));
    const scale = matchAt(SCALE_WORD, text, end) ?? matchAt(SCALE_LETTERS, text, end);
    yield { start, end: end + (scale?.[0].length ?? 0), ...readNumber(digits, scale?.[1]?.toLowerCase()) };
  }
}

/** A number without what its writing adds: no zeros that say nothing, a point before the fraction. */
function canonicalNumber(integer: string, fraction = '', exponent = 0): string {
  const moved = fraction.padEnd(exponent, '0');
  const whole = (integer + moved.slice(0, exponent)).replace(/^0+(?=\d)/, '');
  const rest = trimZeros(moved.slice(exponent));
  return rest === '' ? whole : `${whole}.${rest}`;
}

function readNumber(digits: string, scale: string | undefined): Pick<TextNumber, 'readings' | 'values'> {
  const spelled = digits.replaceAll('’', "'").replace(/[\u00a0\u2009\u202f]/g, ' ');
  const exponent = scale === undefined ? 0 : EXPONENTS[scale]!;
  const grouped = spelled.length > MAX_NUMBER_LENGTH ? null : GROUPED.exec(spelled);
  const decimal = spelled.length > MAX_NUMBER_LENGTH ? null : DECIMAL.exec(spelled);
  const wholes: (readonly [integer: string, fraction: string | undefined])[] = [];
  if (/^\d+$/.test(spelled)) wholes.push([spelled, undefined]);
  if (grouped !== null) wholes.push([grouped[1]! + grouped[2]!.replace(/\D/g, ''), grouped[3]]);
  // Three digits after a comma are thousands; after a stop, who knows.
  if (decimal !== null && !(grouped !== null && spelled.includes(','))) wholes.push([decimal[1]!, decimal[2]!]);
  const plain = wholes.map(([integer, fraction]) => canonicalNumber(integer, fraction));
  const scaled = wholes.map(([integer, fraction]) => canonicalNumber(integer, fraction, exponent));
  const list = spelled.split(/\D/).map((group) => canonicalNumber(group));
  const mayBeList = wholes.length === 0 || spelled.includes(' ') || (grouped === null && spelled.includes(','));
  // "5m" may be metres; a word is what it says.
  const single = scale !== undefined && scale.length < 4 ? [...scaled, ...plain] : scaled;
  return {
    readings: [...single.map((value) => [value]), ...(mayBeList ? [list] : [])],
    values: [...plain, ...scaled, ...(mayBeList || spelled.includes(',') ? list : [])],
  };
}

/** The digits of all scripts stand in tens, each from its zero on. */
function toAsciiDigits(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0)!;
    let zero = code;
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
    return String(code - zero);
  });
}

function trimZeros(fraction: string): string {
  let end = fraction.length;
  while (end > 0 && fraction[end - 1] === '0') end--;
  return fraction.slice(0, end);
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
