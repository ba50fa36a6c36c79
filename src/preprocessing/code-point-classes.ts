import type { EncodedRanges } from './unicode-tables.ts';

const NUM_CODE_POINTS = 0x110000;

/** A table from code point to class: `values[i]` for what is in `ranges[i]`, 0 for all else. */
export function codePointClasses(ranges: readonly (readonly [value: number, encoded: EncodedRanges])[]): Uint8Array {
  const classes = new Uint8Array(NUM_CODE_POINTS);
  for (const [value, encoded] of ranges) {
    let start = 0;
    for (const range of encoded.split(' ')) {
      const [gap, length = '1'] = range.split(':');
      start += Number.parseInt(gap!, 36);
      const end = start + Number.parseInt(length, 36);
      classes.fill(value, start, end);
      start = end;
    }
  }
  return classes;
}
