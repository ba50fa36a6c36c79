/** Quotes and brackets that may follow a sentence's last mark. */
const CLOSER = /[\p{Pe}\p{Pf}"']/u;
const TERMINATOR = /[\p{Sentence_Terminal}…]/u;
const LETTER_OR_DOT = /[\p{L}.]/u;
/** What a full stop after it does not end: an initial ("J."), or letters with stops between ("U.S."). */
const INITIALS = /^(?:\p{Lu}|.*\p{L}\.\p{L})$/u;
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  'Mr Mrs Ms Dr Prof St Sen Rep Gov Gen Lt Col Sgt Capt Cmdr Rev Hon Jr Sr vs No Nos Fig Figs Art Sec Vol pp Mt Ft Ave Inc Ltd Co Corp Dept approx etc al cf'.split(
    ' ',
  ),
);
const MAX_CLOSERS = 8;
const MAX_ABBREVIATION = 12;

/** Whether a sentence ends before `at`, where white space or the end of the text is. */
export function endsSentence(text: string, at: number): boolean {
  let end = at;
  while (end > 0 && at - end < MAX_CLOSERS && CLOSER.test(text[end - 1]!)) end--;
  const last = text[end - 1];
  if (last === undefined || !TERMINATOR.test(last)) return false;
  return last !== '.' || !isAbbreviation(text, end - 1);
}

/**
 * The end of the marks that start at `at` and end a sentence without white space after them, as in Chinese and Japanese; `at` if
 * there are none.
 */
export function endOfWideMarks(text: string, at: number): number {
  let end = at;
  while (end < text.length && isWideMark(text, end)) end++;
  if (end > at) while (end < text.length && CLOSER.test(text[end]!)) end++;
  return end;
}

function isWideMark(text: string, at: number): boolean {
  return text.charCodeAt(at) > 0x7f && text[at] !== '…' && TERMINATOR.test(text[at]!);
}

function isAbbreviation(text: string, dot: number): boolean {
  let start = dot;
  while (start > 0 && dot - start < MAX_ABBREVIATION && LETTER_OR_DOT.test(text[start - 1]!)) start--;
  const word = text.slice(start, dot);
  return INITIALS.test(word) || ABBREVIATIONS.has(word);
}
