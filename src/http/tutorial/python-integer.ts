/** CPython reads no more digits than these (sys.int_info.default_max_str_digits). */
const MAX_DIGITS = 4300;
const ASCII = /^[\0-\x7f]*$/;
const SPACE = /[\s\x85]/;

/**
 * Reads a whole number as Python's `int(text)` does: signs, leading zeros, single underscores between digits, digits of all
 * scripts, white space around. Infinite where a number has no room for it.
 * @returns undefined for what Python refuses
 */
export function parsePythonInteger(text: string): number | undefined {
  const ascii = ASCII.test(text) ? text : toAscii(text);
  const [, sign, digits] = /^[ \t-\r]*([+-]?)(\d+(?:_\d+)*)[ \t-\r]*$/.exec(ascii) ?? [];
  if (digits === undefined) return undefined;
  const bare = digits.replaceAll('_', '');
  if (bare.length > MAX_DIGITS) return undefined;
  const value = Number(bare);
  return sign === '-' && value !== 0 ? -value : value;
}

/** Digits as ASCII digits and white space outside ASCII as spaces; anything else outside ASCII as what no number has. */
function toAscii(text: string): string {
  return Array.from(text, (character) => {
    if (/^\p{Nd}$/u.test(character)) return String(digitValue(character.codePointAt(0)!));
    if (ASCII.test(character)) return character;
    return SPACE.test(character) && character !== '\ufeff' ? ' ' : '?';
  }).join('');
}

/** Unicode keeps the ten digits of a script together, and scripts of digits side by side start at multiples of ten. */
function digitValue(codePoint: number): number {
  let first = codePoint;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first--;
  return (codePoint - first) % 10;
}
