import type { Tensor } from './tensor-session.ts';

/**
 * A new tensor of the given rows of `tensor`, in that order; a row may be taken several times.
 * @param tensor [numRows, ...]
 * @returns [rows.length, ...]
 */
export function gatherRows(tensor: Tensor, rows: Int32Array): Tensor {
  const [numRows = 0, ...shape] = tensor.dims;
  const size = numRows === 0 ? 0 : tensor.data.length / numRows;
  const dims = [rows.length, ...shape];
  switch (tensor.type) {
    case 'float32':
      return { type: 'float32', data: copyRows(tensor.data, new Float32Array(rows.length * size), rows), dims };
    case 'float16':
      return { type: 'float16', data: copyRows(tensor.data, new Uint16Array(rows.length * size), rows), dims };
    case 'int64':
      return { type: 'int64', data: copyRows(tensor.data, new BigInt64Array(rows.length * size), rows), dims };
    case 'bool':
      return { type: 'bool', data: copyRows(tensor.data, new Uint8Array(rows.length * size), rows), dims };
  }
}

/** Whether these rows are all of `numRows` rows in their order, so that there is nothing to gather. */
export function isIdentity(rows: Int32Array, numRows: number): boolean {
  return rows.length === numRows && rows.every((row, place) => row === place);
}

interface NumberList<T> {
  readonly length: number;
  subarray(begin: number, end: number): T;
  set(from: T, offset: number): void;
}

function copyRows<T extends NumberList<T>>(from: T, to: T, rows: Int32Array): T {
  const size = rows.length === 0 ? 0 : to.length / rows.length;
  rows.forEach((row, place) => {
    to.set(from.subarray(row * size, (row + 1) * size), place * size);
  });
  return to;
}
