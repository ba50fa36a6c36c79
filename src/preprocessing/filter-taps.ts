/** Pillow's filters and their fixed-point weights: libImaging/Resample.c. */

/** Filters by their names in Pillow. */
export type FilterName = 'lanczos' | 'bilinear' | 'bicubic' | 'box' | 'hamming';

/** Some of the samples along one side. */
export interface Span {
  readonly start: number;
  readonly size: number;
}

/** Which samples of a side of `to` samples, made of one of `from`, are wanted. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly wanted: Span;
}

interface Filter {
  /** Half the filter's width, in pixels of the coarser image. */
  readonly support: number;
  readonly weight: (x: number) => number;
}

/** Bits after the point of a weight: 8 go to the sample, 2 to overshoot and sign. */
export const PRECISION_BITS = 32 - 8 - 2;

const FILTERS: Readonly<Record<FilterName, Filter>> = {
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

/** For each wanted sample of the result, which samples of the source it is made of, and their weights. */
export interface FilterTaps {
  /** Counted from the first sample that any needs. [wanted.size] */
  readonly starts: Int32Array;
  /** [wanted.size] */
  readonly counts: Int32Array;
  /** [wanted.size, maxTaps] */
  readonly weights: Int32Array;
  readonly maxTaps: number;
}

/** The samples of the source that the wanted ones are made of. */
export function sourceSpan(axis: Axis, filter: FilterName): Span {
  const { from, to, wanted } = axis;
  if (from === to) return wanted;
  const first = tapRange(axis, filter, wanted.start);
  const last = tapRange(axis, filter, wanted.start + wanted.size - 1);
  return { start: first.start, size: last.start + last.size - first.start };
}

/** How many weights `filterTaps` makes. */
export function numWeights(axis: Axis, filter: FilterName): number {
  return axis.from === axis.to ? 0 : axis.wanted.size * maxTapsOf(axis, filter);
}

/** `precompute_coeffs` and `normalize_coeffs_8bpc` of Resample.c. */
export function filterTaps(axis: Axis, filter: FilterName): FilterTaps {
  const { from, to, wanted } = axis;
  const { weight } = FILTERS[filter];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const maxTaps = maxTapsOf(axis, filter);
  const starts = new Int32Array(wanted.size);
  const counts = new Int32Array(wanted.size);
  const weights = new Int32Array(wanted.size * maxTaps);
  const exact = new Float64Array(maxTaps);
  const inverse = 1 / filterScale;
  const origin = sourceSpan(axis, filter).start;
  for (let i = 0; i < wanted.size; i++) {
    const center = (wanted.start + i + 0.5) * scale;
    const { start, size } = tapRange(axis, filter, wanted.start + i);
    let sum = 0;
    for (let tap = 0; tap < size; tap++) {
      const value = weight((tap + start - center + 0.5) * inverse);
      exact[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < size; tap++) {
      const value = sum === 0 ? exact[tap]! : exact[tap]! / sum;
      weights[i * maxTaps + tap] = Math.trunc(value * (1 << PRECISION_BITS) + (value < 0 ? -0.5 : 0.5));
    }
    starts[i] = start - origin;
    counts[i] = size;
  }
  return { starts, counts, weights, maxTaps };
}

function maxTapsOf({ from, to }: Axis, filter: FilterName): number {
  return Math.ceil(FILTERS[filter].support * Math.max(from / to, 1)) * 2 + 1;
}

function tapRange({ from, to }: Axis, filter: FilterName, index: number): Span {
  const scale = from / to;
  const support = FILTERS[filter].support * Math.max(scale, 1);
  const center = (index + 0.5) * scale;
  const start = Math.max(0, Math.trunc(center - support + 0.5));
  return { start, size: Math.min(from, Math.trunc(center + support + 0.5)) - start };
}
