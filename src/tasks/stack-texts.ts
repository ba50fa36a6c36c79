import type { FloatTensor } from './tensor-session.ts';

/**
 * Lays tensors of one text each into one of all, filled up with zeros where a text is shorter than the longest.
 * @param tensors each [1, ..., length, ...], alike but for the length
 * @param axis which dimension the length is
 * @returns [tensors.length, ..., longest, ...]
 */
export function stackTexts(tensors: readonly FloatTensor[], axis: number): FloatTensor {
  const [first, ...others] = tensors;
  if (others.length === 0) return first!;
  const longest = Math.max(...tensors.map(({ dims }) => dims[axis]!));
  const dims = first!.dims.with(axis, longest).with(0, tensors.length);
  const product = (sizes: readonly number[]) => sizes.reduce((size, dim) => size * dim, 1);
  const numBlocks = product(dims.slice(1, axis));
  const size = product(dims.slice(axis + 1));
  const data = new Float32Array(product(dims));
  for (const [text, tensor] of tensors.entries()) {
    const length = tensor.dims[axis]! * size;
    for (let block = 0; block < numBlocks; block++) {
      const from = tensor.data.subarray(block * length, (block + 1) * length);
      data.set(from, (text * numBlocks + block) * longest * size);
    }
  }
  return { data, dims };
}
