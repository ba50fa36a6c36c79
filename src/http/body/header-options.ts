import { stripWhiteSpace } from '../../python-white-space.ts';

/** A header as `form-data; name="file"`. */
export interface HeaderOptions {
  /** What stands before the first semicolon, in lower case. */
  readonly value: string;
  /** By lower-case name, without quotes. Of repeated names the last one counts. */
  readonly options: ReadonlyMap<string, string>;
}

/**
 * Takes Content-Type or Content-Disposition apart as python-multipart's `parse_options_header` does, but for capitals in the
 * value: media types have none (RFC 9110, 8.3). Extended names (`filename*`) have no place in forms (RFC 7578, 4.2).
 */
export function parseHeaderOptions(header: string): HeaderOptions {
  const [value = '', ...segments] = splitSegments(header);
  const options = new Map<string, string>();
  for (const segment of segments) {
    const equals = segment.indexOf('=');
    const name = equals === -1 ? stripWhiteSpace(segment) : stripWhiteSpace(segment.slice(0, equals)).toLowerCase();
    if (name.includes('*')) continue;
    options.set(name, equals === -1 ? '' : unquote(stripWhiteSpace(segment.slice(equals + 1))));
  }
  return { value: stripWhiteSpace(value).toLowerCase(), options };
}

/** Splits at the semicolons outside quotes; a quote after a backslash neither opens nor closes any. */
function splitSegments(header: string): string[] {
  const segments: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < header.length; i++) {
    if (header[i] === '"' && header[i - 1] !== '\\') quoted = !quoted;
    if (header[i] !== ';' || quoted) continue;
    segments.push(header.slice(start, i));
    start = i + 1;
  }
  return [...segments, header.slice(start)];
}

function unquote(value: string): string {
  if (value.length < 2 || !value.startsWith('"') || !value.endsWith('"')) return value;
  return value.slice(1, -1).replaceAll('\\\\', '\\').replaceAll('\\"', '"');
}
