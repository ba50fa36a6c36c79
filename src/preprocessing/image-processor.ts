/** transformers' image processors (image_processing_backends.py, PilBackend), to the bit. */
import { OnnxPredictError } from '../errors.ts';
import { DEFAULT_MAX_PIXELS } from '../limits.ts';
import type { ImageProcessorConfig, ResizeRule } from './preprocessor-config.ts';
import { numValuesMade, type Rectangle, resizeImage, type Size } from './resize.ts';
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
  const crop = config.centerCrop ?? config.resizeCrop;
  if (crop !== null) return crop;
  return config.resize?.kind === 'exact' ? config.resize.size : null;
}

/**
 * Resizes, crops, rescales and normalises.
 * @throws OnnxPredictError IMAGE_TOO_LARGE for shapes so extreme that resizing them by the model's rule would take gigabytes
 */
export function preprocessImage(image: RgbImage, config: ImageProcessorConfig): PixelValues {
  const target = config.resize === null ? image : targetSize(image, config.resize);
  const kept = centered(config.resizeCrop ?? target, target);
  const crop = config.centerCrop ?? kept;
  if (Math.max(crop.width, crop.height) > MAX_UNSIZED_EDGE) {
    const taken = `${crop.width} x ${crop.height}, of up to ${MAX_UNSIZED_EDGE} a side`;
    throw tooLarge(image, `this model would take it as ${taken}; crop it first`);
  }
  const { left, top } = centered(crop, kept);
  // Only what will be seen is computed.
  const window = { left: kept.left + Math.max(0, left), top: kept.top + Math.max(0, top), ...smaller(kept, crop) };
  const resizing = { target, window, resample: config.resample };
  if (numValuesMade(image, resizing) > DEFAULT_MAX_PIXELS) {
    throw tooLarge(image, `its shape makes it ${target.width} x ${target.height} for this model; crop it first`);
  }
  const seen = resizeImage(image, resizing);
  const data = normalizedPlanes(seen, { ...crop, left: Math.max(0, -left), top: Math.max(0, -top) }, config);
  return { data, dims: [1, 3, crop.height, crop.width] };
}

/** The middle of a picture, or where a larger one would have it in its own middle. */
function centered({ width, height }: Size, whole: Size): Rectangle {
  return { left: Math.floor((whole.width - width) / 2), top: Math.floor((whole.height - height) / 2), width, height };
}

function smaller(a: Size, b: Size): Size {
  return { width: Math.min(a.width, b.width), height: Math.min(a.height, b.height) };
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

/** `image` at `left`, `top` of a black picture of this size, as planes of numbers. [3, height, width] */
function normalizedPlanes(image: RgbImage, { width, height, left, top }: Rectangle, config: ImageProcessorConfig): Float32Array {
  const planes = new Float32Array(3 * width * height);
  for (let plane = 0; plane < 3; plane++) {
    const channel = config.flipChannels ? 2 - plane : plane;
    const values = channelTable(config, channel);
    const start = plane * width * height;
    if (width > image.width || height > image.height) planes.fill(values[0]!, start, start + width * height);
    let from = channel;
    for (let y = 0; y < image.height; y++) {
      const row = start + (top + y) * width + left;
      for (let x = 0; x < image.width; x++) {
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
