/** What Python's `str.isspace()` is true of: U+001C to U+001F and U+0085 are white space, U+FEFF is none. */
const WHITE_SPACE = '\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANK = new RegExp(`^[${WHITE_SPACE}]*$`);
const LEADING = new RegExp(`^[${WHITE_SPACE}]+`);
const CHARACTER = new RegExp(`[${WHITE_SPACE}]`);

/** Whether nothing is left of a text after Python's `str.strip()`. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** Python's `str.strip()`. */
export function stripWhiteSpace(text: string): string {
  let end = text.length;
  while (end > 0 && CHARACTER.test(text[end - 1]!)) end--;
  return text.slice(0, end).replace(LEADING, '');
}
