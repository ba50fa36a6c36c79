import type { Tensor } from './tensor-session.ts';

/** Keys and values of all tokens of all rows so far, each of them once: rows only know where theirs are. */
export interface TokenCache {
  /** Rows go on as continuations of `parents`. */
  reorder(parents: Int32Array): void;
  /** The decoder's inputs: `cache_rows` [numRows, 1, length] and `cache.*` [numCached, width]. */
  feeds(): Iterable<readonly [string, Tensor]>;
  /** Takes the new token of every row out of the decoder's outputs `new.*`, each [numRows, width]. */
  append(numRows: number, outputs: ReadonlyMap<string, Tensor>): void;
}

const INITIAL_TOKENS = 64;

/** @param names the parts of the cache, each a list of vectors of `width` numbers */
export function createTokenCache(names: readonly string[], width: number): TokenCache {
  const parts = new Map(names.map((name) => [name, new Float32Array(0)]));
  let numCached = 0;
  /** Where each row's tokens are, first to last. */
  let rows: readonly (readonly number[])[] = [];

  function grow(numTokens: number): void {
    const size = [...parts.values()][0]?.length ?? 0;
    if (numTokens * width <= size) return;
    const wanted = Math.max(numTokens, INITIAL_TOKENS, (2 * size) / width);
    for (const [name, part] of parts) {
      const larger = new Float32Array(wanted * width);
      larger.set(part.subarray(0, numCached * width));
      parts.set(name, larger);
    }
  }

  return {
    reorder(parents) {
      rows = Array.from(parents, (parent) => rows[parent] ?? []);
    },
    *feeds() {
      const length = rows[0]?.length ?? 0;
      const places = new BigInt64Array(rows.length * length);
      rows.forEach((row, number) => {
        row.forEach((place, token) => {
          places[number * length + token] = BigInt(place);
        });
      });
      yield ['cache_rows', { type: 'int64', data: places, dims: [rows.length, 1, length] }];
      for (const [name, part] of parts) {
        const data = part.subarray(0, numCached * width);
        yield [`cache.${name}`, { type: 'float32', data, dims: [numCached, width] }];
      }
    },
    append(numRows, outputs) {
      grow(numCached + numRows);
      for (const [name, part] of parts) {
        const added = outputs.get(`new.${name}`);
        if (added?.type === 'float32') part.set(added.data, numCached * width);
      }
      rows = rows.map((row, number) => [...row, numCached + number]);
      numCached += numRows;
    },
  };
}
