import { createEngine, type Engine } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenImages, imagePath } from '../golden-images.ts';

const TINY_SEGFORMER = 'test/fixtures/models/tiny-segformer';

let engine: Engine;
beforeAll(() => {
  engine = createEngine({ numThreads: 1 });
});
afterAll(() => engine.close());

describe('from file to logits the answer is the reference’s, within 1e-4', () => {
  test.each(goldenImages)('for $image', async ({ image, tinySegformer: { logits, top5 } }) => {
    const { top } = await engine.classify(imagePath(image), {
      model: TINY_SEGFORMER,
      activation: 'none',
      topK: logits.length,
    });
    expect(top.map(({ index }) => index).slice(0, 5)).toEqual(top5);
    expect(top).toHaveLength(logits.length);
    for (const { index, score } of top) expect(Math.abs(score - logits[index]!)).toBeLessThan(1e-4);
  });
});
