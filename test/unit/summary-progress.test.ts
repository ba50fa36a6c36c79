import { expect, test } from 'vitest';
import type { SummarizeEvent } from '../../src/schemas.ts';
import { describeProgress } from '../../src/summary-progress.ts';

test.each<readonly [SummarizeEvent, object]>([
  [
    { type: 'state', state: 'queued', place: 2 },
    { state: 'queued', place: 2, output_tokens: 0, max_length: null },
  ],
  [
    { type: 'tokens', outputTokens: 3, maxLength: 9 },
    { state: 'running', place: null, output_tokens: 3, max_length: 9 },
  ],
  [
    { type: 'parts', round: 1, numDone: 2, numParts: 5 },
    { state: 'running', place: null, output_tokens: 0, max_length: null, parts: { round: 1, num_done: 2, num_parts: 5 } },
  ],
])('%j is told to clients in their words', (event, progress) => {
  expect(describeProgress(event)).toEqual(progress);
});
