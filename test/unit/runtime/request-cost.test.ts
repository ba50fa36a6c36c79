import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunnerRequest } from '../../../src/protocol.ts';
import { estimateCost } from '../../../src/runtime/request-cost.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const text = (length: number, numBeams?: number): RunnerRequest => ({
  task: 'summarization',
  text: 'a'.repeat(length),
  prefix: undefined,
  truncate: 'end',
  generation: numBeams === undefined ? {} : { numBeams },
  defaults: {},
  withText: false,
});
const picture = (image: { path: string } | { bytes: Uint8Array }): RunnerRequest => ({
  task: 'image-classification',
  image,
  topK: 1,
  activation: 'softmax',
  minConfidence: null,
  maxPixels: 1,
  ignoreOrientation: false,
});
const header = (width: number, height: number) => Buffer.from(`P5 ${width} ${height} 255\n`);

describe('the cost of a request', () => {
  test('is one for what is usual, and for what is less', async () => {
    expect((await estimateCost(text(10))).cost).toBeCloseTo(1, 3);
    expect(await estimateCost(picture({ bytes: header(100, 100) }))).toEqual({ cost: 1, bytes: 15 });
    expect((await estimateCost({ task: 'tokenization', text: 'a' })).cost).toBe(1);
  });

  test('of a text grows with its beams and, as far as a model reads it, with its length', async () => {
    const { cost } = await estimateCost(text(4096));
    expect(cost).toBeCloseTo(2, 1);
    expect((await estimateCost(text(4096, 4))).cost).toBeCloseTo(8, 1);
    const million = await estimateCost(text(1_000_000, 4));
    expect(million.cost).toBeGreaterThan(16);
    expect(million.cost).toBeLessThan(30);
    expect(million.bytes).toBe(2_000_000);
  });

  test('of a picture is its pixels, in a file or not', async () => {
    expect((await estimateCost(picture({ bytes: header(4000, 3000) }))).cost).toBe(12);
    const path = join(folder, 'picture');
    await writeFile(path, Buffer.concat([header(4000, 3000), Buffer.alloc(200_000)]));
    expect(await estimateCost(picture({ path }))).toEqual({ cost: 12, bytes: 0 });
  });

  test('of a picture without a header that can be read goes by its length, and of no file at all is one', async () => {
    expect((await estimateCost(picture({ bytes: new Uint8Array(1_000_000) }))).cost).toBe(4);
    expect((await estimateCost(picture({ path: join(folder, 'none') }))).cost).toBe(1);
    expect((await estimateCost(picture({ path: folder }))).cost).toBe(1);
  });
});
