import { describe, expect, test } from 'vitest';
import { fromFloat16, toFloat16 } from '../../../src/tasks/float16.ts';

function encode(value: number): number {
  return toFloat16(Float32Array.of(value))[0]!;
}

describe('float16', () => {
  test('every half survives the way to float32 and back', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0,
    );
    expect(toFloat16(fromFloat16(halves))).toEqual(halves);
  });

  test.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [Infinity, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [2 ** -14 * (1 - 2 ** -12), 0x0400],
    [0.1, 0x2e66],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('%d is rounded to nearest, ties to even', (value, bits) => {
    expect(encode(value)).toBe(bits);
  });

  test('a NaN stays a NaN', () => {
    expect(fromFloat16(toFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });
});
