import { roundHalfEven } from '../preprocessing/round-half-even.ts';

const float32 = new Float32Array(1);
const bits = new Uint32Array(float32.buffer);

/** IEEE 754 binary32 to binary16, round to nearest even; overflow gives infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, encode);
}

/** IEEE 754 binary16 to binary32, exact. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, decode);
}

function encode(value: number): number {
  float32[0] = value;
  const x = bits[0]!;
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below the smallest normal half, the spacing is 2^-24: scaled by 2^24 the value is the integer to store.
  if (magnitude < 0x38800000) return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function decode(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
