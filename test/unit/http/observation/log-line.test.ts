import { expect, test } from 'vitest';
import { formatLogLine } from '../../../../src/http/observation/log-line.ts';

test('a line is as Python’s logging writes it: local time, milliseconds after a comma', () => {
  expect(formatLogLine(new Date(2026, 10, 24, 23, 30, 0, 123), 'info', 'listening')).toBe(
    '2026-11-24 23:30:00,123 - INFO - listening',
  );
  expect(formatLogLine(new Date(2026, 0, 2, 3, 4, 5, 6), 'warn', 'full')).toBe('2026-01-02 03:04:05,006 - WARNING - full');
  expect(formatLogLine(new Date(2026, 0, 2, 3, 4, 5, 6), 'error', 'x')).toContain(' - ERROR - x');
});

test('no control character of a message can break its line or forge another', () => {
  const line = formatLogLine(new Date(), 'info', 'a\n2026-01-01 00:00:00,000 - INFO - forged\r\u2028\u0085\u001b[2J');
  for (const character of '\n\r\u2028\u0085\u001b') expect(line).not.toContain(character);
  expect(line).toContain('a\\x0a2026');
});
