import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { parsePreprocessorConfig } from '../../../src/preprocessing/preprocessor-config.ts';
import { seededRandom } from './random.ts';

function parse(config: unknown) {
  return parsePreprocessorConfig(config, 'folder/preprocessor_config.json');
}
const ViT = { image_processor_type: 'ViTImageProcessor' };

test('null means absent', () => {
  expect(parse({ ...ViT, size: null, do_center_crop: null, image_mean: null, do_resize: null })).toEqual(parse(ViT));
});

test('a filter may be named', () => {
  expect(parse({ ...ViT, resample: 'BICUBIC' }).resample).toBe('bicubic');
});

test('a field counts only for processors that look at it', () => {
  const crop = { do_center_crop: true, crop_size: 20, size: 30 };
  expect(parse({ image_processor_type: 'SegformerImageProcessor', ...crop }).centerCrop).toBeNull();
  expect(parse({ image_processor_type: 'MobileViTImageProcessor', do_normalize: true }).normalize).toBeNull();
  const offset = { image_processor_type: 'EfficientNetImageProcessor', rescale_offset: true };
  expect(parse(offset).rescaleOffset).toBe(true);
  expect(parse({ ...offset, do_rescale: false }).rescaleOffset).toBe(false);
});

test('a size of one number is a square or the shorter side, as the processor has it', () => {
  expect(parse({ image_processor_type: 'ViTImageProcessor', size: 30 }).resize).toMatchObject({ kind: 'exact' });
  expect(parse({ image_processor_type: 'SiglipImageProcessor', size: 30 }).resize).toMatchObject({
    kind: 'shortest-edge',
    edge: 30,
  });
});

test('an unknown processor is taken by its fields where they say everything', () => {
  const mean = { image_mean: [0.1, 0.2, 0.3], image_std: [1, 2, 3] };
  const config = parse({ image_processor_type: 'SomethingNewImageProcessor', size: 32, ...mean });
  expect(config.resize).toEqual({ kind: 'exact', size: { width: 32, height: 32 } });
  expect(config.normalize).toEqual({ mean: [0.1, 0.2, 0.3], std: [1, 2, 3] });
  expect(() => parse({ image_processor_type: 'SomethingNewImageProcessor', ...mean })).toThrow('names no size');
  expect(() => parse({ size: 32 })).toThrow('names no image_mean');
});

describe('is refused by file, field and value', () => {
  test.each([
    [[], 'is not a JSON object'],
    [null, 'is not a JSON object'],
    [{ ...ViT, size: 0 }, 'size 0'],
    [{ ...ViT, size: -5 }, 'size -5'],
    [{ ...ViT, size: 1.5 }, 'size 1.5'],
    [{ ...ViT, size: 100_000 }, 'size 100000'],
    [{ ...ViT, size: '224' }, 'size "224"'],
    [{ ...ViT, size: { height: 224 } }, 'size {"height":224}'],
    [{ ...ViT, size: { longest_edge: 224 } }, 'size {"longest_edge":224}'],
    [{ ...ViT, size: { height: 1e9, width: 1 } }, 'size {'],
    [{ ...ViT, resample: 6 }, 'resample 6'],
    [{ ...ViT, resample: 'best' }, 'resample "best"'],
    [{ ...ViT, image_mean: [1, 2] }, 'image_mean [1,2]'],
    [{ ...ViT, image_mean: [1, 2, 3, 4] }, 'image_mean [1,2,3,4]'],
    [{ ...ViT, image_std: [1, 0, 1] }, 'divides by zero'],
    [{ ...ViT, image_std: 1e-60 }, 'divides by zero'],
    [{ ...ViT, rescale_factor: '1/255' }, 'rescale_factor "1/255"'],
    [{ ...ViT, do_resize: 'yes' }, 'do_resize "yes"'],
    [{ ...ViT, do_center_crop: true }, 'no crop_size'],
    [{ image_processor_type: 7 }, 'image_processor_type 7'],
    [{ image_processor_type: 'ConvNextImageProcessor', crop_pct: 0 }, 'crop_pct 0'],
    [{ image_processor_type: 'ConvNextImageProcessor', size: 380, crop_pct: 0.001 }, '380000 pixels'],
    [{ image_processor_type: 'ConvNextImageProcessor', size: { height: 2, width: 2 } }, 'without shortest_edge'],
  ])('%j', (config, problem) => {
    expect(() => parse(config)).toThrow(OnnxPredictError);
    expect(() => parse(config)).toThrow(/^folder\/preprocessor_config\.json /);
    expect(() => parse(config)).toThrow(problem);
  });
});

test('a value that is nested without end is refused like any other', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"":', '}'],
  ] as const) {
    const size: unknown = JSON.parse(`${open.repeat(200_000)}0${close.repeat(200_000)}`);
    expect(() => parse({ ...ViT, size })).toThrow(OnnxPredictError);
  }
});

test('whatever stands in its fields, a config is bounded or refused', () => {
  const random = seededRandom(1);
  const pick = <T>(values: readonly T[]): T => values[random(values.length)]!;
  const numbers = [0, -1, 1, 0.5, 224, 4096, 4097, 1e9, 1e308, -1e-308, 2 ** 53];
  const value = (depth: number): unknown => {
    const kind = random(depth > 2 ? 5 : 9);
    if (kind < 3) return pick(numbers);
    if (kind === 3) return pick(['', '224', 'bilinear', 'x'.repeat(10_000), null]);
    if (kind === 4) return pick([true, false]);
    if (kind < 7) return Array.from({ length: random(5) }, () => value(depth + 1));
    return Object.fromEntries(
      ['height', 'width', 'shortest_edge', 'longest_edge'].filter(() => random(2)).map((key) => [key, value(depth + 1)]),
    );
  };
  const types = ['ViT', 'ConvNext', 'EfficientNet', 'Levit', 'PoolFormer', 'MobileViT', 'Bit', 'constructor', '__proto__', ''];
  const names = [
    'do_resize',
    'size',
    'resample',
    'crop_pct',
    'do_center_crop',
    'crop_size',
    'rescale_factor',
    'image_mean',
    'image_std',
    'include_top',
  ];
  let numParsed = 0;
  for (let round = 0; round < 5000; round++) {
    const fields = names.filter(() => random(4) === 0).map((name) => [name, value(0)]);
    const config = { image_processor_type: `${pick(types)}ImageProcessor`, ...Object.fromEntries(fields) };
    try {
      const { resize, centerCrop, normalize } = parse(config);
      const edges = [resize?.kind === 'exact' ? resize.size : null, centerCrop].flatMap((size) =>
        size === null ? [] : [size.width, size.height],
      );
      if (resize?.kind === 'shortest-edge') edges.push(resize.edge);
      for (const edge of edges) expect(edge).toBeLessThanOrEqual(4096);
      for (const number of [...(normalize?.mean ?? []), ...(normalize?.std ?? [])]) expect(Number.isFinite(number)).toBe(true);
      numParsed += 1;
    } catch (error) {
      if (!(error instanceof OnnxPredictError)) throw error;
      expect(error.code).toBe('MODEL_INVALID');
      expect(error.message.length).toBeLessThan(300);
    }
  }
  expect(numParsed).toBeGreaterThan(100);
});
