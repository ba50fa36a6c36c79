/**
 * Pillow's `Image.resize()` for 8-bit RGB, bit for bit: libImaging/Resample.c (two passes of fixed-point filters) and, for
 * nearest, the scaling transform of libImaging/Geometry.c.
 */
import {
  type Axis,
  type FilterName,
  type FilterTaps,
  filterTaps,
  numWeights,
  PRECISION_BITS,
  sourceSpan,
} from './filter-taps.ts';
import type { RgbImage } from './rgb-image.ts';

/** Filters by their names in Pillow. */
export type Resample = FilterName | 'nearest';

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A part of a picture. */
export interface Rectangle extends Size {
  readonly left: number;
  readonly top: number;
}

/** A resizing, of which only a part of the result is wanted and computed. */
export interface Resizing {
  readonly target: Size;
  readonly window: Rectangle;
  readonly resample: Resample;
}

const HALF = 1 << (PRECISION_BITS - 1);

/** The window of `image` in the size `target`; the same pixels if that is what it is. */
export function resizeImage(image: RgbImage, resizing: Resizing): RgbImage {
  const { target, window, resample } = resizing;
  if (image.width === target.width && image.height === target.height) return cut(image, window);
  if (resample === 'nearest') return resizeNearest(image, target, window);
  const { columns, rows } = axes(image, resizing);
  const part = sourcePart(image, resizing, resample);
  const columnTaps = columns.from === columns.to ? null : filterTaps(columns, resample);
  const rowTaps = rows.from === rows.to ? null : filterTaps(rows, resample);
  if (goesRowsFirst(image, target)) {
    const between = rowTaps === null ? cut(image, part) : resampleRows(image, part, rowTaps);
    return columnTaps === null ? between : resampleColumns(between, whole(between), columnTaps);
  }
  const between = columnTaps === null ? cut(image, part) : resampleColumns(image, part, columnTaps);
  return rowTaps === null ? between : resampleRows(between, whole(between), rowTaps);
}

/** How much a resizing takes: the pixels that its two passes make, and the weights that they use. */
export function numValuesMade(image: Size, resizing: Resizing): number {
  const { target, window, resample } = resizing;
  const made = window.width * window.height;
  if (resample === 'nearest') return made;
  const { columns, rows } = axes(image, resizing);
  const part = sourcePart(image, resizing, resample);
  const between = goesRowsFirst(image, target) ? part.width * window.height : window.width * part.height;
  return made + between + numWeights(columns, resample) + numWeights(rows, resample);
}

/** Pillow spares itself work on very high pictures, and rounding makes the order visible. */
function goesRowsFirst(from: Size, to: Size): boolean {
  return from.height > from.width * 100 && to.height < from.height;
}

function axes(image: Size, { target, window }: Resizing): { readonly columns: Axis; readonly rows: Axis } {
  return {
    columns: { from: image.width, to: target.width, wanted: { start: window.left, size: window.width } },
    rows: { from: image.height, to: target.height, wanted: { start: window.top, size: window.height } },
  };
}

/** What of `image` the window is made of. */
function sourcePart(image: Size, resizing: Resizing, filter: FilterName): Rectangle {
  const { columns, rows } = axes(image, resizing);
  const across = sourceSpan(columns, filter);
  const down = sourceSpan(rows, filter);
  return { left: across.start, top: down.start, width: across.size, height: down.size };
}

function whole({ width, height }: Size): Rectangle {
  return { left: 0, top: 0, width, height };
}

function cut(image: RgbImage, { left, top, width, height }: Rectangle): RgbImage {
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

function resizeNearest(image: RgbImage, target: Size, window: Rectangle): RgbImage {
  const columns = nearestPositions({ from: image.width, to: target.width, wanted: { start: window.left, size: window.width } });
  const rows = nearestPositions({ from: image.height, to: target.height, wanted: { start: window.top, size: window.height } });
  const data = new Uint8Array(window.width * window.height * 3);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * 3;
      data[to++] = image.data[from]!;
      data[to++] = image.data[from + 1]!;
      data[to++] = image.data[from + 2]!;
    }
  }
  return { width: window.width, height: window.height, data };
}

/** Positions are added up step by step, as Pillow does, because that rounds otherwise than multiplying does. [wanted.size] */
function nearestPositions({ from, to, wanted }: Axis): Int32Array {
  const step = from / to;
  const positions = new Int32Array(wanted.size);
  let position = step * 0.5;
  for (let i = 0; i < wanted.start; i++) position += step;
  for (let i = 0; i < wanted.size; i++) {
    positions[i] = Math.min(from - 1, Math.floor(position));
    position += step;
  }
  return positions;
}

function resampleColumns(image: RgbImage, part: Rectangle, { starts, counts, weights, maxTaps }: FilterTaps): RgbImage {
  const { data } = image;
  const width = starts.length;
  const out = new Uint8ClampedArray(width * part.height * 3);
  let to = 0;
  for (let y = 0; y < part.height; y++) {
    const row = ((part.top + y) * image.width + part.left) * 3;
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
      out[to] = red >> PRECISION_BITS;
      out[to + 1] = green >> PRECISION_BITS;
      out[to + 2] = blue >> PRECISION_BITS;
      to += 3;
    }
  }
  return { width, height: part.height, data: new Uint8Array(out.buffer) };
}

/** Row by row over whole lines, so that memory is read in order. */
function resampleRows(image: RgbImage, part: Rectangle, { starts, counts, weights, maxTaps }: FilterTaps): RgbImage {
  const { data } = image;
  const height = starts.length;
  const stride = part.width * 3;
  const out = new Uint8ClampedArray(stride * height);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < counts[y]!; tap++) {
      const weight = weights[y * maxTaps + tap]!;
      const from = ((part.top + starts[y]! + tap) * image.width + part.left) * 3;
      for (let i = 0; i < stride; i++) sums[i] = (sums[i]! + Math.imul(data[from + i]!, weight)) | 0;
    }
    const to = y * stride;
    for (let i = 0; i < stride; i++) out[to + i] = sums[i]! >> PRECISION_BITS;
  }
  return { width: part.width, height, data: new Uint8Array(out.buffer) };
}
