import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../../src/tasks/tensor-session.ts';
import { createTokenCache, type TokenCache } from '../../../src/tasks/token-cache.ts';

/** A step of rows as continuations of `parents`: each row's new token has these numbers, as keys and, negative, as values. */
function step(cache: TokenCache, parents: readonly number[], tokens: readonly number[]): void {
  cache.reorder(Int32Array.from(parents));
  const of = (sign: number): Tensor => {
    const data = Float32Array.from(tokens.flatMap((token) => [sign * token, sign * (token + 0.5)]));
    return { type: 'float32', data, dims: [tokens.length, 2] };
  };
  const outputs = new Map([
    ['new.key', of(1)],
    ['new.value', of(-1)],
  ]);
  cache.append(tokens.length, outputs);
}

/** The first number of each token of each row, as the decoder would gather them. */
function gathered(cache: TokenCache, part = 'key'): number[][] {
  const feeds = new Map(cache.feeds());
  const { data: rows, dims } = feeds.get('cache_rows')!;
  const { data } = feeds.get(`cache.${part}`)!;
  const [numRows = 0, , length = 0] = dims;
  return Array.from({ length: numRows }, (_, row) =>
    Array.from({ length }, (_, token) => Number(data[2 * Number(rows[row * length + token])])),
  );
}

const newCache = () => createTokenCache(['key', 'value'], 2);

describe('createTokenCache', () => {
  test('is empty before the first token, for as many rows as there are', () => {
    const cache = newCache();
    cache.reorder(Int32Array.of(0, 1, 2));
    const feeds = new Map(cache.feeds());
    expect(feeds.get('cache_rows')).toEqual({ type: 'int64', data: new BigInt64Array(), dims: [3, 1, 0] });
    expect(feeds.get('cache.key')).toMatchObject({ type: 'float32', dims: [0, 2] });
  });

  test('lets rows split, change places and end, and keeps what each has said', () => {
    const cache = newCache();
    step(cache, [0], [1]);
    step(cache, [0, 0, 0], [2, 3, 4]);
    step(cache, [2, 0, 0], [5, 6, 7]);
    expect(gathered(cache)).toEqual([
      [1, 4, 5],
      [1, 2, 6],
      [1, 2, 7],
    ]);
    step(cache, [2, 0], [8, 9]);
    expect(gathered(cache)).toEqual([
      [1, 2, 7, 8],
      [1, 4, 5, 9],
    ]);
    expect(gathered(cache, 'value')).toEqual([
      [-1, -2, -7, -8],
      [-1, -4, -5, -9],
    ]);
  });

  test('keeps every token once, whole, however many rows share it', () => {
    const cache = newCache();
    step(cache, [0], [1]);
    step(cache, [0, 0], [2, 3]);
    step(cache, [0, 0], [4, 5]);
    expect(new Map(cache.feeds()).get('cache.key')).toMatchObject({
      data: Float32Array.of(1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5),
      dims: [5, 2],
    });
  });

  test('grows without losing anything', () => {
    const cache = newCache();
    const expected: number[] = [];
    for (let token = 0; token < 300; token++) {
      step(cache, token === 0 ? [0, 0] : [1, 0], [token, 1000 + token]);
      expected.push(token);
    }
    const [first, second] = gathered(cache);
    // The rows change places at every step.
    expect(first).toEqual(expected.map((token) => (token % 2 === 1 ? token : 1000 + token)));
    expect(second).toEqual(expected.map((token) => (token % 2 === 1 ? 1000 + token : token)));
    expect(new Map(cache.feeds()).get('cache.key')!.dims).toEqual([600, 2]);
  });

  test('takes more rows at once than it had room for', () => {
    const cache = newCache();
    const tokens = Array.from({ length: 1000 }, (_, token) => token);
    step(cache, tokens, tokens);
    expect(gathered(cache)).toEqual(tokens.map((token) => [token]));
  });
});
