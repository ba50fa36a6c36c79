import { expect, test } from 'vitest';
import { formatSummary } from '../../../src/cli/summary-output.ts';
import type { SummaryResult } from '../../../src/schemas.ts';

const RESULT: SummaryResult = {
  summary: 'Two\tcells and \u001b[31mcolour.',
  inputTokens: 9,
  droppedTokens: 0,
  truncated: false,
  outputTokens: 3,
  outputIds: [0, 5, 1],
  score: null,
  stopReason: 'eos',
  model: { id: 'tiny', revision: null, dtype: 'fp32' },
  timings: { loadMs: 0, queueMs: 0, tokenizeMs: 1, encodeMs: 1, decodeMs: 1, steps: 2 },
};
const SAFE = 'Two\\x09cells and \\x1b[31mcolour.';

test('control characters of a summary reach no terminal and no table', () => {
  expect(formatSummary('a.txt', RESULT, { kind: 'table', withFile: true })).toBe(`a.txt\t${SAFE}\n`);
  expect(formatSummary('a.txt', RESULT, { kind: 'table', withFile: false })).toBe(`${SAFE}\n`);
  expect(formatSummary('a.txt', RESULT, { kind: 'quiet' })).toBe(`${SAFE}\n`);
});

test('people see the file above each of several', () => {
  expect(formatSummary('a.txt', RESULT, { kind: 'terminal', withFile: true, color: false })).toBe(`a.txt\n${SAFE}\n\n`);
  expect(formatSummary('a.txt', RESULT, { kind: 'terminal', withFile: false, color: true })).toBe(`${SAFE}\n`);
});
