import { isWhiteSpace } from './white-space.ts';

/** The pre-tokenizer `Metaspace`. */
export interface MetaspaceSettings {
  /** The character that stands for a space, "▁". */
  readonly replacement: string;
  /**
   * Before which pieces of a text one is put, where there is none: all, only what starts the text, none. Python counts as its
   * start all words that the normalizer makes of the very first character ("ﷺ"); here only the first of them is.
   */
  readonly prependScheme: 'always' | 'first' | 'never';
  readonly split: boolean;
}

/** Cuts at white space, which is left out. */
export function* splitAtWhiteSpace(text: string): Iterable<string> {
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!isWhiteSpace(text.charCodeAt(at))) continue;
    if (at > start) yield text.slice(start, at);
    start = at + 1;
  }
  if (start < text.length) yield text.slice(start);
}

/** Marks spaces and cuts before each mark. */
export function* splitAtMarks(text: string, isStart: boolean, { replacement, prependScheme, split }: MetaspaceSettings) {
  const marked = text.replaceAll(' ', replacement);
  const prepends = prependScheme === 'always' || (prependScheme === 'first' && isStart);
  const whole = prepends && !marked.startsWith(replacement) ? replacement + marked : marked;
  let start = 0;
  while (split) {
    const next = whole.indexOf(replacement, start + 1);
    if (next === -1) break;
    yield whole.slice(start, next);
    start = next;
  }
  yield whole.slice(start);
}
