import { expect, test } from 'vitest';
import { summaryWarnings } from '../../../src/cli/summary-warnings.ts';
import type { SummaryResult } from '../../../src/schemas.ts';

const RESULT: SummaryResult = {
  summary: 'In 1999 Bob left.',
  outputIds: [0, 1],
  score: null,
  stopReason: 'eos',
  inputTokens: 512,
  droppedTokens: 0,
  truncated: false,
  outputTokens: 2,
  model: { id: 'tiny', revision: null, dtype: 'fp32' },
  timings: { loadMs: 0, queueMs: 0, tokenizeMs: 0, encodeMs: 0, decodeMs: 0, steps: 1 },
};

test('a summary of all that there was needs no word', () => {
  expect(summaryWarnings(RESULT)).toEqual([]);
  expect(summaryWarnings({ ...RESULT, unsupported: { numbers: [], names: [] } })).toEqual([]);
});

test('what was cut off, divided or made up is said, a line each', () => {
  const part = { ...RESULT, source: { start: 0, end: 1 } };
  expect(summaryWarnings({ ...RESULT, droppedTokens: 9, truncated: true })).toEqual([
    'the text is too long: the model read its first 512 tokens, and 9 were cut off.',
  ]);
  const unsupported = { numbers: [{ text: '1999', start: 3, end: 7 }], names: [{ text: 'Bob', start: 8, end: 11 }] };
  expect(summaryWarnings({ ...RESULT, merge: 'joined', parts: [part, part], unsupported })).toEqual([
    'the text is long: it was summarized in 2 parts, and their summaries were joined.',
    'the summary says "1999", a number that the text does not have.',
    'the summary says "Bob", a name that the text does not have.',
  ]);
  expect(summaryWarnings({ ...RESULT, merge: 'summarized', parts: [part, part] })[0]).toContain('summarized in turn');
});
