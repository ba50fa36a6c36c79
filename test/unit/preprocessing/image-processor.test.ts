import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MAX_PIXELS } from '../../../src/limits.ts';
import { decodeImage } from '../../../src/preprocessing/decode-image.ts';
import { fixedInputSize, preprocessImage } from '../../../src/preprocessing/image-processor.ts';
import { parsePreprocessorConfig } from '../../../src/preprocessing/preprocessor-config.ts';
import { type Resample, resizeImage } from '../../../src/preprocessing/resize.ts';
import type { RgbImage } from '../../../src/preprocessing/rgb-image.ts';
import { goldenImages, imagePath, sha256 } from '../../golden-images.ts';

type Pair = [number, number];
const golden = JSON.parse(readFileSync('test/golden/preprocessing/golden.json', 'utf8')) as {
  resized: { from: Pair; to: Pair; sha256: string[] }[];
  processed: { name: string; config: unknown; results: { from: Pair; dims: number[]; sha256: string }[] }[];
};
const FILTERS: Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** The picture that make_preprocessing_golden.py describes. */
function picture([width, height]: Pair): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[i++] = ((x * 7 + y * 13 + c * 29) ^ (x * y * 3)) & 255;
    }
  }
  return { width, height, data };
}

describe('resizing equals Pillow bit for bit', () => {
  test.each(golden.resized)('from $from to $to, with every filter', ({ from, to, sha256: hashes }) => {
    const [width, height] = to;
    const image = picture(from);
    const target = { width, height };
    const window = { left: 0, top: 0, ...target };
    expect(FILTERS.map((resample) => sha256(resizeImage(image, { target, window, resample }).data))).toEqual(hashes);
  });
});

describe('pixel values equal those of transformers bit for bit', () => {
  test.each(golden.processed)('as $name', ({ config, results }) => {
    expect(results.length).toBeGreaterThan(4);
    const processor = parsePreprocessorConfig(config, 'preprocessor_config.json');
    for (const { from, dims, sha256: hash } of results) {
      const values = preprocessImage(picture(from), processor);
      expect([from, values.dims, sha256(values.data)]).toEqual([from, dims, hash]);
      const fixed = fixedInputSize(processor);
      if (fixed !== null) expect([fixed.height, fixed.width]).toEqual(dims.slice(2));
    }
  });
});

describe('from file to pixel values nothing differs from the reference', () => {
  const segformer = JSON.parse(readFileSync('test/fixtures/models/tiny-segformer/preprocessor_config.json', 'utf8')) as object;
  const tinySegformer = parsePreprocessorConfig(segformer, 'tiny-segformer');
  const mitB0 = parsePreprocessorConfig({ ...segformer, size: 512 }, 'mit-b0');

  test.each(goldenImages)('for $image', async (golden) => {
    const image = await decodeImage(readFileSync(imagePath(golden.image)), { maxPixels: DEFAULT_MAX_PIXELS });
    expect(sha256(preprocessImage(image, tinySegformer).data)).toBe(golden.tinySegformer.pixelValuesSha256);
    expect(sha256(preprocessImage(image, mitB0).data)).toBe(golden.mitB0.pixelValuesSha256);
  });
});

test('ConvNeXT cuts out its own square before it cuts out another', () => {
  const convnext = { image_processor_type: 'ConvNextImageProcessor', size: 21 };
  const square = preprocessImage(picture([40, 30]), parsePreprocessorConfig(convnext, 'config'));
  const config = parsePreprocessorConfig({ ...convnext, do_center_crop: true, crop_size: 3 }, 'config');
  const middle = preprocessImage(picture([40, 30]), config);
  expect(fixedInputSize(config)).toEqual({ width: 3, height: 3 });
  const expected = [0, 1, 2].flatMap((plane) =>
    [9, 10, 11].flatMap((y) => [9, 10, 11].map((x) => square.data[(plane * 21 + y) * 21 + x]!)),
  );
  expect([...middle.data]).toEqual(expected);
});

describe('extreme shapes', () => {
  const noPixels = new Uint8Array(0);

  test('whose resizing would take gigabytes are refused with what to do', () => {
    const squeezed = parsePreprocessorConfig({ image_processor_type: 'ViTImageProcessor' }, 'config');
    const line = { width: 1, height: 80_000_000, data: noPixels };
    expect(() => preprocessImage(line, squeezed)).toThrow(/1 x 80000000 pixels: .*crop it first/);
    const uncropped = parsePreprocessorConfig({ image_processor_type: 'BitImageProcessor', do_center_crop: false }, 'config');
    expect(() => preprocessImage({ width: 1, height: 600_000, data: noPixels }, uncropped)).toThrow('up to 4096 a side');
  });

  test('cost no more than what is seen of them where the middle is cut out', () => {
    const cropped = parsePreprocessorConfig({ image_processor_type: 'BitImageProcessor', do_normalize: false }, 'config');
    const line = picture([1, 600_000]);
    const { data, dims } = preprocessImage(line, cropped);
    expect(dims).toEqual([1, 3, 224, 224]);
    // The very middle, of which each pixel becomes 224 x 224.
    const inside = line.data.subarray(299_998 * 3, 300_002 * 3);
    expect(data[112 * 224]! * 255).toBeGreaterThanOrEqual(Math.min(...inside) - 1);
    expect(data[112 * 224]! * 255).toBeLessThanOrEqual(Math.max(...inside) + 1);
  });

  test('stay as they are where the model resizes nothing, up to a bound', () => {
    const asIs = parsePreprocessorConfig({ image_processor_type: 'ViTImageProcessor', do_resize: false }, 'config');
    expect(preprocessImage(picture([5, 7]), asIs).dims).toEqual([1, 3, 7, 5]);
    expect(() => preprocessImage(picture([5000, 1]), asIs)).toThrow('up to 4096');
  });
});
