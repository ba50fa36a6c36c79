/** transformers' image processors (image_processing_backends.py, PilBackend), to the bit. */
import { OnnxPredictError } from '../errors.ts';
import { DEFAULT_MAX_PIXELS } from '../limits.ts';
import type { ImageProcessorConfig, ResizeRule } from './preprocessor-config.ts';
import { goesRowsFirst, resizeImage, type Size } from './resize.ts';
import type { RgbImage } from './rgb-image.ts';
import { roundHalfEven } from './round-half-even.ts';

/** A picture as a model takes it. */
export interface PixelValues {
  readonly data: Float32Array;
  /** [1, 3, height, width] */
  readonly dims: readonly [1, 3, number, number];
}

/** Sides of what a model is given, where nothing resizes or crops. */
const MAX_UNSIZED_EDGE = 4096;

/** The size of every picture that this processor makes; null if it depends on the picture. */
export function fixedInputSize(config: ImageProcessorConfig): Size | null {
  if (config.centerCrop !== null) return config.centerCrop;
  return config.resize?.kind === 'exact' ? config.resize.size : null;
}

/**
 * Resizes, crops, rescales and normalises.
 * @throws OnnxPredictError IMAGE_TOO_LARGE for shapes so extreme that resizing them by the model's rule would take gigabytes
 */
export function preprocessImage(image: RgbImage, config: ImageProcessorConfig): PixelValues {
  const resized = config.resize === null ? image : resizeImage(image, checkedTarget(image, config.resize), config.resample);
  const size = config.centerCrop ?? resized;
  if (Math.max(size.width, size.height) > MAX_UNSIZED_EDGE) {
    throw tooLarge(
      image,
      `this model would take it as ${size.width} x ${size.height}, of up to ${MAX_UNSIZED_EDGE} a side; crop it first`,
    );
  }
  return { data: normalizedPlanes(resized, size, config), dims: [1, 3, size.height, size.width] };
}

function checkedTarget(image: RgbImage, rule: ResizeRule): Size {
  const target = targetSize(image, rule);
  const between = goesRowsFirst(image, target) ? image.width * target.height : target.width * image.height;
  if (Math.max(between, target.width * target.height) > DEFAULT_MAX_PIXELS) {
    throw tooLarge(image, `its shape makes it ${target.width} x ${target.height} for this model; crop it first`);
  }
  return target;
}

/** `get_resize_output_image_size` and `get_size_with_aspect_ratio` of image_transforms.py. */
function targetSize({ width, height }: Size, rule: ResizeRule): Size {
  if (rule.kind === 'exact') return rule.size;
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  let newShort = rule.edge;
  let newLong = Math.trunc((rule.edge * long) / short);
  if (rule.longestEdge !== null && (long / short) * rule.edge > rule.longestEdge) {
    const exactShort = (rule.longestEdge * short) / long;
    newShort = roundHalfEven(exactShort);
    newLong = short === newShort ? long : Math.trunc((exactShort * long) / short);
  }
  return width <= height ? { width: newShort, height: newLong } : { width: newLong, height: newShort };
}

/** The middle of `image`, of this size, black where the picture ends, as planes of numbers. [3, height, width] */
function normalizedPlanes(image: RgbImage, { width, height }: Size, config: ImageProcessorConfig): Float32Array {
  const planes = new Float32Array(3 * width * height);
  const top = Math.floor((image.height - height) / 2);
  const left = Math.floor((image.width - width) / 2);
  const firstColumn = Math.max(0, -left);
  const endColumn = Math.min(width, image.width - left);
  for (let plane = 0; plane < 3; plane++) {
    const channel = config.flipChannels ? 2 - plane : plane;
    const values = channelTable(config, channel);
    const start = plane * width * height;
    if (width > image.width || height > image.height) planes.fill(values[0]!, start, start + width * height);
    for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
      let from = ((y + top) * image.width + firstColumn + left) * 3 + channel;
      const row = start + y * width;
      for (let x = firstColumn; x < endColumn; x++) {
        planes[row + x] = values[image.data[from]!]!;
        from += 3;
      }
    }
  }
  return planes;
}

/** What each of the 256 samples of a channel becomes, rounded to float32 where numpy rounds. [256] */
function channelTable(config: ImageProcessorConfig, channel: number): Float32Array {
  const { rescaleFactor, rescaleOffset, normalize, lastStd } = config;
  return Float32Array.from({ length: 256 }, (_, sample) => {
    let value = rescaleFactor === null ? sample : Math.fround(sample * rescaleFactor);
    if (rescaleOffset) value = Math.fround(value - 1);
    if (normalize !== null) {
      value = Math.fround(Math.fround(value - Math.fround(normalize.mean[channel]!)) / Math.fround(normalize.std[channel]!));
    }
    return lastStd === null ? value : value / Math.fround(lastStd[channel]!);
  });
}

function tooLarge({ width, height }: Size, reason: string): OnnxPredictError {
  return new OnnxPredictError('IMAGE_TOO_LARGE', `The picture is ${width} x ${height} pixels: ${reason}.`);
}
