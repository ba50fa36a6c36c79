import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MAX_PIXELS } from '../../../src/limits.ts';
import { decodeImage } from '../../../src/preprocessing/decode-image.ts';
import { goldenImages, imagePath, oddImages, sha256 } from '../../golden-images.ts';

describe('decoding equals Pillow bit for bit', () => {
  test.each([...goldenImages, ...oddImages])('of $image', async ({ image, width, height, rgbSha256 }) => {
    const decoded = await decodeImage(readFileSync(imagePath(image)), { maxPixels: DEFAULT_MAX_PIXELS });
    expect([decoded.width, decoded.height, sha256(decoded.data)]).toEqual([width, height, rgbSha256]);
  });
});
