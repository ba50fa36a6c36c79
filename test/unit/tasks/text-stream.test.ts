import { expect, test } from 'vitest';
import { createTextTokenizer } from '../../../src/preprocessing/tokenizer.ts';
import { createTextStream } from '../../../src/tasks/text-stream.ts';
import { readFixture } from '../preprocessing/read-fixture.ts';

const bart = createTextTokenizer(readFixture('tiny-bart'), 'tiny-bart');

test('gives what the ids that are new add, and the rest at the end', () => {
  const text = 'The museum will be closed.';
  const ids = Int32Array.from(bart.encode(text, { maxTokens: null }).ids);
  const stream = createTextStream(bart.startDecoding({ skipSpecialTokens: true }));
  const numFinal = [0, 1, 3, 3, 6];
  const parts = numFinal.map((length) => stream.advance(ids.subarray(0, length)));
  const decoded = numFinal.map((length) => bart.decode([...ids.subarray(0, length)], { skipSpecialTokens: true }));
  expect(decoded.at(-1)).toMatch(/^The mus/);
  expect(parts.map((_, step) => parts.slice(0, step + 1).join(''))).toEqual(decoded);
  expect(parts.join('') + stream.end(text)).toBe(text);
});
