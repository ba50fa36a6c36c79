import { describe, expect, test } from 'vitest';
import { quantizeByBlock, quantizeByColumn } from '../../../../src/runner/prepare/quantize-weights.ts';
import { createRandom, invalid, thrownBy } from './onnx-files.ts';

const random = createRandom(3);
const weights = (length: number) => Float32Array.from({ length }, () => (random() - 0.5) * 10 ** (4 * random() - 3));
const bytesOf = ({ data }: { readonly data: unknown }) => data as Uint8Array<ArrayBuffer>;

/** How far a rounded weight may be: half a step, and what is lost where float32 rounds the step. */
const halfStep = (scale: number) => scale * (0.5 + 127 * 2 ** -23);

describe('quantizeByBlock', () => {
  test('errs by at most half a step in each block', () => {
    const source = weights(6 * 256);
    const { values, scales, blockSize } = quantizeByBlock(source, { numRows: 6, numColumns: 256 })!;
    expect([blockSize, values.dims, scales.dims]).toEqual([128, [6, 2, 128], [6, 2]]);
    const steps = new Float32Array(bytesOf(scales).buffer);
    source.forEach((weight, place) => {
      const step = steps[Math.floor(place / 128)]!;
      expect(Math.abs((bytesOf(values)[place]! - 128) * step - weight)).toBeLessThanOrEqual(halfStep(step));
    });
  });

  test.each([
    [256, 128],
    [192, 64],
    [96, 32],
    [48, 16],
  ])('takes for %d columns the longest blocks that divide them: %d', (numColumns, blockSize) => {
    expect(quantizeByBlock(weights(numColumns), { numRows: 1, numColumns })?.blockSize).toBe(blockSize);
  });

  test('leaves rows alone that no block divides', () => {
    expect(quantizeByBlock(weights(40), { numRows: 1, numColumns: 40 })).toBeUndefined();
  });

  test('makes zeros of a block of zeros, and of one of the smallest numbers there are', () => {
    const tiny = 2 ** -149;
    const source = Float32Array.from({ length: 32 }, (_, i) => (i < 16 ? 0 : tiny));
    const { values, scales } = quantizeByBlock(source, { numRows: 2, numColumns: 16 })!;
    expect(new Set(bytesOf(values))).toEqual(new Set([128]));
    expect([...new Float32Array(bytesOf(scales).buffer)]).toEqual([1, 1]);
  });

  test('keeps the largest weights, of both signs, within 127 steps', () => {
    const source = Float32Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 3.4028234663852886e38 : -3.4028234663852886e38));
    const { values } = quantizeByBlock(source, { numRows: 1, numColumns: 16 })!;
    expect(new Set(bytesOf(values))).toEqual(new Set([1, 255]));
  });
});

describe('quantizeByColumn', () => {
  test('errs by at most half a step in each column, and lays them out as they are multiplied', () => {
    const [numInputs, numOutputs] = [7, 5];
    const columns = weights(numInputs * numOutputs);
    const { values, scales } = quantizeByColumn(columns, { numInputs, numOutputs });
    expect([values.dims, scales.dims]).toEqual([[7, 5], [5]]);
    const rounded = new Int8Array(bytesOf(values).buffer);
    const steps = new Float32Array(bytesOf(scales).buffer);
    for (let output = 0; output < numOutputs; output++) {
      for (let input = 0; input < numInputs; input++) {
        const got = rounded[input * numOutputs + output]! * steps[output]!;
        expect(Math.abs(got - columns[output * numInputs + input]!)).toBeLessThanOrEqual(halfStep(steps[output]!));
      }
    }
  });
});

describe('a weight that is no finite number', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses the model for %s', (value) => {
    const source = weights(32);
    source[20] = value;
    const refused = invalid('cannot be quantised');
    expect(thrownBy(() => quantizeByBlock(source, { numRows: 2, numColumns: 16 }))).toMatchObject(refused);
    expect(thrownBy(() => quantizeByColumn(source, { numInputs: 16, numOutputs: 2 }))).toMatchObject(refused);
  });
});
