import { expect, test } from 'vitest';
import { formatBytes } from '../../src/format-bytes.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [14_440_000, '14.4 MB'],
  [999_960, '1.0 MB'],
  [1_020_000_000, '1.0 GB'],
  [5e15, '5000.0 TB'],
])('%i bytes are %s', (numBytes, text) => {
  expect(formatBytes(numBytes)).toBe(text);
});
