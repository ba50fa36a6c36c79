import type { Tensor } from './tensor-session.ts';

/** Fills the shorter texts up with `padTokenId`, which the mask hides. */
export function padTexts(texts: readonly (readonly number[])[], padTokenId: number): { inputIds: Tensor; attentionMask: Tensor } {
  const length = Math.max(...texts.map((text) => text.length));
  const dims = [texts.length, length];
  const ids = new BigInt64Array(texts.length * length).fill(BigInt(padTokenId));
  const mask = new BigInt64Array(texts.length * length);
  texts.forEach((text, row) => {
    ids.set(BigInt64Array.from(text, BigInt), row * length);
    mask.fill(1n, row * length, row * length + text.length);
  });
  return { inputIds: { type: 'int64', data: ids, dims }, attentionMask: { type: 'int64', data: mask, dims } };
}
