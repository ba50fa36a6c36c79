import { expect, test } from 'vitest';
import { createAgreedTokens } from '../../../src/generation/agreed-tokens.ts';

test('grows by what all texts share, whether they are finished or go on', () => {
  const agreed = createAgreedTokens(8);
  agreed.extend([Int32Array.of(0, 4, 5)]);
  expect([...agreed.tokens()]).toEqual([0, 4, 5]);
  agreed.extend([Int32Array.of(0, 4, 5, 6, 7), [0, 4, 5, 6, 1]]);
  expect([...agreed.tokens()]).toEqual([0, 4, 5, 6]);
  agreed.extend([Int32Array.of(0, 4, 5, 6, 7, 8), [0, 4, 5, 6]]);
  agreed.extend([]);
  expect([...agreed.tokens()]).toEqual([0, 4, 5, 6]);
});

test('reads each token of a long text a few times, not at every step', () => {
  const numTokens = 2000;
  let numReads = 0;
  const tokens = Array.from({ length: numTokens }, (_, place) => place);
  const text = new Proxy(tokens, {
    get(target, name) {
      if (name !== 'length') numReads++;
      return Reflect.get(target, name) as unknown;
    },
  });
  const agreed = createAgreedTokens(numTokens);
  for (let length = 1; length <= numTokens; length++) agreed.extend([tokens.slice(0, length), text, text]);
  expect(agreed.tokens()).toHaveLength(numTokens);
  expect(numReads).toBeLessThanOrEqual(2 * numTokens);
});
