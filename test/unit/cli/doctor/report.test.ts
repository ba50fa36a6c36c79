import { expect, test } from 'vitest';
import { formatReport, wrap } from '../../../../src/cli/doctor/report.ts';

test('a report is no wider than the terminal, and has the remedy below what is wrong', () => {
  const text = formatReport(
    [
      { section: 'models', name: 'cache', value: `/${'very-long/'.repeat(12)}`, status: 'ok' },
      {
        section: 'models',
        name: 'damaged files',
        value: '1 of 3',
        status: 'problem',
        remedy: 'Run "onnx-predict verify". '.repeat(5),
      },
      { section: 'network', name: 'hosts', value: 'none\u001b[2J', status: 'warning', remedy: 'Look.' },
    ],
    { columns: 60, color: false },
  );
  expect(text.split('\n').filter((line) => line.length > 60)).toEqual([]);
  expect(text).toContain('  ✗ damaged files  1 of 3\n                   → Run "onnx-predict verify".');
  expect(text).toContain('1 problem, 1 warning.');
  expect(text).not.toContain('\u001b');
});

test.each([
  ['one two three', 7, ['one two', 'three']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['', 4, ['']],
])('%j is wrapped at %d', (text, room, lines) => {
  expect(wrap(text, room)).toEqual(lines);
});
