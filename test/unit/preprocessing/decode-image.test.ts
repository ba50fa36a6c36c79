import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../../src/preprocessing/decode-image.ts';
import { DEFAULT_MAX_PIXELS } from '../../../src/schemas.ts';
import { goldenImages, imagePath, oddImages, sha256 } from '../../golden-images.ts';

describe('decoding equals Pillow bit for bit', () => {
  test.each([...goldenImages, ...oddImages])('of $image', async ({ image, width, height, rgbSha256 }) => {
    const decoded = await decodeImage(readFileSync(imagePath(image)), { maxPixels: DEFAULT_MAX_PIXELS });
    expect([decoded.width, decoded.height, sha256(decoded.data)]).toEqual([width, height, rgbSha256]);
  });
});
