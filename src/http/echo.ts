import type { JsonValue } from './body/python-json.ts';

/** What of a caller's value is told back, in characters. */
const MAX_ECHO_LENGTH = 16 * 1024;
const CUT = '…';

/**
 * A caller's value as JSON, whole if it is short, else its beginning. Whole numbers keep all their digits; what JSON has no word
 * for (NaN) becomes null.
 */
export function stringifyEcho(value: JsonValue): string {
  let left = MAX_ECHO_LENGTH;

  function write(value: JsonValue): string {
    if (Array.isArray(value)) return `[${writeMembers(value, write)}]`;
    if (value instanceof Map) return `{${writeMembers(value, ([key, member]) => `${write(key)}:${write(member)}`)}}`;
    if (typeof value === 'string') {
      const shown = value.length > left ? `${value.slice(0, Math.max(0, left))}${CUT}` : value;
      left -= shown.length;
      return JSON.stringify(shown);
    }
    const literal = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
    left -= literal.length;
    return literal;
  }

  function writeMembers<T>(members: Iterable<T>, writeMember: (member: T) => string): string {
    const written: string[] = [];
    for (const member of members) {
      if (left <= 0) break;
      left--;
      written.push(writeMember(member));
    }
    return written.join(',');
  }

  return write(value);
}
