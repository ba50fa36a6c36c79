/** `%XX` as Python's `urllib.parse.unquote` reads it: bytes of UTF-8, U+FFFD for what is none, and the rest as it stands. */
export function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** A name or a value of a query or a form, in which `+` is a space. */
export function decodeFormText(text: string): string {
  return percentDecode(text.replaceAll('+', ' '));
}
