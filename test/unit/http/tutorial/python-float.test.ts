import { expect, test } from 'vitest';
import { parsePythonFloat } from '../../../../src/http/tutorial/python-float.ts';

test.each([
  ['0.5', 0.5],
  ['.5', 0.5],
  ['5.', 5],
  [' \t-1_0.2_5e-1\n', -1.025],
  ['+1E2', 100],
  ['inf', Infinity],
  ['-Infinity', -Infinity],
  ['NaN', Number.NaN],
])('%j is the number that Python reads', (text, value) => {
  expect(parsePythonFloat(text)).toBe(value);
});

test.each(['', ' ', '.', 'e5', '1e', '1_', '_1', '1__0', '0x10', '1 2', '--1', '1,5', 'infin', '1._5'])('%j is none', (text) => {
  expect(parsePythonFloat(text)).toBeUndefined();
});
