import { describe, expect, test } from 'vitest';
import { gatherRows, isIdentity } from '../../../src/tasks/gather-rows.ts';
import type { Tensor } from '../../../src/tasks/tensor-session.ts';

describe('gatherRows', () => {
  test('takes rows in the order given, some twice and some never', () => {
    const tensor: Tensor = { type: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 1, 2] };
    expect(gatherRows(tensor, Int32Array.of(2, 0, 2, 2))).toEqual({
      type: 'float32',
      data: Float32Array.of(5, 6, 1, 2, 5, 6, 5, 6),
      dims: [4, 1, 2],
    });
  });

  test.each<Tensor>([
    { type: 'float16', data: Uint16Array.of(1, 2), dims: [2, 1] },
    { type: 'int64', data: BigInt64Array.of(1n, 2n), dims: [2, 1] },
    { type: 'bool', data: Uint8Array.of(1, 0), dims: [2, 1] },
  ])('keeps the type $type', (tensor) => {
    const [first, second] = [tensor.data.at(0), tensor.data.at(1)];
    const gathered = gatherRows(tensor, Int32Array.of(1, 0));
    expect(gathered.type).toBe(tensor.type);
    expect([...gathered.data]).toEqual([second, first]);
  });

  test('leaves an empty tensor empty', () => {
    const tensor: Tensor = { type: 'float32', data: new Float32Array(0), dims: [2, 4, 0, 16] };
    expect(gatherRows(tensor, Int32Array.of(0, 1, 1))).toEqual({ ...tensor, dims: [3, 4, 0, 16] });
  });
});

describe('isIdentity', () => {
  test('is true of all rows in their order only', () => {
    expect(isIdentity(Int32Array.of(0, 1, 2), 3)).toBe(true);
    expect(isIdentity(Int32Array.of(0, 1), 3)).toBe(false);
    expect(isIdentity(Int32Array.of(0, 2, 1), 3)).toBe(false);
  });
});
