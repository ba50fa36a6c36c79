const NUMBER = /^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/**
 * Reads a number as Python's `float(text)` does, in ASCII: white space around, single underscores between digits, `inf`, `nan`.
 * @returns undefined for what Python refuses
 */
export function parsePythonFloat(text: string): number | undefined {
  const bare = text.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '');
  if (NUMBER.test(bare)) return Number(bare.replaceAll('_', ''));
  if (NOT_A_NUMBER.test(bare)) return Number.NaN;
  const sign = INFINITE.exec(bare)?.[1];
  return sign === undefined ? undefined : sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
