import { describe, expect, test } from 'vitest';
import { parsePythonInteger } from '../../../../src/http/tutorial/python-integer.ts';

describe('a whole number is read as Python reads it', () => {
  test.each([
    ['0', 0],
    ['-0', 0],
    ['+5', 5],
    ['0010', 10],
    ['1_000', 1000],
    [' \t\n\v\f\r10\r', 10],
    ['\u00a0\u30007\u2028\u0085', 7],
    ['\uff11\u0662', 12],
    ['\u{1d7ce}\u{1d7d9}\u{1d7ff}', 19],
    ['9'.repeat(4300), Number.POSITIVE_INFINITY],
    [`-${'9'.repeat(4300)}`, Number.NEGATIVE_INFINITY],
  ])('%j', (text, value) => {
    expect(parsePythonInteger(text)).toBe(value);
  });

  test.each([
    '',
    ' ',
    '+',
    '--5',
    '+ 5',
    '_1',
    '1_',
    '1__0',
    '1.0',
    '1e2',
    '0x10',
    '5 5',
    '\0',
    '\x1c5',
    '\ufeff5',
    '²',
    'Ⅷ',
    '5\u200b',
    '0'.repeat(4301),
  ])('%j is none', (text) => {
    expect(parsePythonInteger(text)).toBeUndefined();
  });
});
