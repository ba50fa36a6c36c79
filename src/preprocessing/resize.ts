/**
 * Pillow's `Image.resize()` for 8-bit RGB, bit for bit: libImaging/Resample.c (two passes of fixed-point filters) and, for
 * nearest, the scaling transform of libImaging/Geometry.c.
 */
import type { RgbImage } from './rgb-image.ts';

/** Filters by their names in Pillow. */
export type Resample = 'nearest' | 'lanczos' | 'bilinear' | 'bicubic' | 'box' | 'hamming';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Filter {
  /** Half the filter's width, in pixels of the coarser image. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

/** Bits after the point of a weight: 8 go to the sample, 2 to overshoot and sign. */
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

const FILTERS: Readonly<Record<Exclude<Resample, 'nearest'>, Filter>> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    weight: (x) => {
      const distance = Math.abs(x);
      if (distance === 0) return 1;
      if (distance >= 1) return 0;
      const angle = distance * Math.PI;
      // 0.54f and 0.46f, as Pillow writes them.
      return (Math.sin(angle) / angle) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(angle));
    },
  },
  bicubic: {
    support: 2,
    weight: (x) => {
      const a = -0.5;
      const d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
      return 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function sinc(x: number): number {
  if (x === 0) return 1;
  const angle = x * Math.PI;
  return Math.sin(angle) / angle;
}

/** `image` in the size `target`; the same pixels if it has that size. */
export function resizeImage(image: RgbImage, target: Size, resample: Resample): RgbImage {
  const { width, height } = target;
  if (image.width === width && image.height === height) return image;
  if (resample === 'nearest') return resizeNearest(image, target);
  const filter = FILTERS[resample];
  return goesRowsFirst(image, target)
    ? resizeWidth(resizeHeight(image, height, filter), width, filter)
    : resizeHeight(resizeWidth(image, width, filter), height, filter);
}

/** Pillow spares itself work on very high pictures, and rounding makes the order visible. */
export function goesRowsFirst(from: Size, to: Size): boolean {
  return from.height > from.width * 100 && to.height < from.height;
}

function resizeWidth(image: RgbImage, width: number, filter: Filter): RgbImage {
  return width === image.width ? image : resampleColumns(image, width, filterTaps(image.width, width, filter));
}

function resizeHeight(image: RgbImage, height: number, filter: Filter): RgbImage {
  return height === image.height ? image : resampleRows(image, height, filterTaps(image.height, height, filter));
}

function resizeNearest(image: RgbImage, { width, height }: Size): RgbImage {
  const columns = nearestPositions(image.width, width);
  const rows = nearestPositions(image.height, height);
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * 3;
      data[to++] = image.data[from]!;
      data[to++] = image.data[from + 1]!;
      data[to++] = image.data[from + 2]!;
    }
  }
  return { width, height, data };
}

/** Positions are added up step by step, as Pillow does, because that rounds otherwise than multiplying does. */
function nearestPositions(from: number, to: number): Int32Array {
  const step = from / to;
  const positions = new Int32Array(to);
  let position = step * 0.5;
  for (let i = 0; i < to; i++) {
    positions[i] = Math.min(from - 1, Math.floor(position));
    position += step;
  }
  return positions;
}

/** For each sample of the result, which samples of the source it is made of, and their fixed-point weights. */
interface FilterTaps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** [resultSize, maxTaps] */
  readonly weights: Int32Array;
  readonly maxTaps: number;
}

/** `precompute_coeffs` and `normalize_coeffs_8bpc` of Resample.c. */
function filterTaps(from: number, to: number, filter: Filter): FilterTaps {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const maxTaps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * maxTaps);
  const exact = new Float64Array(maxTaps);
  const inverse = 1 / filterScale;
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = filter.weight((tap + start - center + 0.5) * inverse);
      exact[tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = sum === 0 ? exact[tap]! : exact[tap]! / sum;
      weights[i * maxTaps + tap] = Math.trunc(weight * (1 << PRECISION_BITS) + (weight < 0 ? -0.5 : 0.5));
    }
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, maxTaps };
}

function resampleColumns({ width: fromWidth, height, data }: RgbImage, width: number, taps: FilterTaps): RgbImage {
  const { starts, counts, weights, maxTaps } = taps;
  const out = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * fromWidth * 3;
    for (let x = 0; x < width; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = row + starts[x]! * 3;
      const first = x * maxTaps;
      const end = first + counts[x]!;
      for (let tap = first; tap < end; tap++) {
        const weight = weights[tap]!;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
        from += 3;
      }
      out[to] = clip(red);
      out[to + 1] = clip(green);
      out[to + 2] = clip(blue);
      to += 3;
    }
  }
  return { width, height, data: out };
}

/** Row by row over whole lines, so that memory is read in order. */
function resampleRows({ width, data }: RgbImage, height: number, taps: FilterTaps): RgbImage {
  const { starts, counts, weights, maxTaps } = taps;
  const stride = width * 3;
  const out = new Uint8Array(stride * height);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < counts[y]!; tap++) {
      const weight = weights[y * maxTaps + tap]!;
      const from = (starts[y]! + tap) * stride;
      for (let i = 0; i < stride; i++) sums[i] = (sums[i]! + Math.imul(data[from + i]!, weight)) | 0;
    }
    const to = y * stride;
    for (let i = 0; i < stride; i++) out[to + i] = clip(sums[i]!);
  }
  return { width, height, data: out };
}

function clip(sum: number): number {
  const value = sum >> PRECISION_BITS;
  return Math.max(0, Math.min(255, value));
}
