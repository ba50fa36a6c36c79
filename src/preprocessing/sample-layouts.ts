/** Samples that are no RGB yet, as Pillow makes RGB of them. */
import { invalidImage } from './byte-reader.ts';
import type { RgbImage } from './rgb-image.ts';

/** What has to be done to samples beside what libvips does. */
export type SampleLayout = 'usual' | 'gray16' | 'cmyk' | 'cmyk16' | 'premultiplied';

export interface Samples<T extends Uint8Array | Uint16Array> {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] */
  readonly data: T;
}

/** The first channel for all three colours. */
export function fromGray({ width, height, channels, data: samples }: Samples<Uint8Array>): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    const value = samples[from]!;
    data[to] = value;
    data[to + 1] = value;
    data[to + 2] = value;
  }
  return { width, height, data };
}

/** `cmyk2rgb` of Pillow's Convert.c; channels from the fifth on are extra. */
export function fromCmyk({ width, height, channels, data: samples }: Samples<Uint8Array>): RgbImage {
  if (channels < 4) throw invalidImage(`it is a CMYK picture of ${channels} channels`);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    const notBlack = 255 - samples[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const product = samples[from + channel]! * notBlack + 128;
      data[to + channel] = notBlack - (((product >> 8) + product) >> 8);
    }
  }
  return { width, height, data };
}

/** Colours that were multiplied by their alpha are divided by it again, as `unpackRGBa` of Pillow's Unpack.c does. */
export function fromPremultiplied({ width, height, channels, data: samples }: Samples<Uint8Array>): RgbImage {
  if (channels < 4) throw invalidImage(`it is a picture with alpha of ${channels} channels`);
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += channels, to += 3) {
    const alpha = samples[from + 3]!;
    for (let channel = 0; channel < 3; channel++) {
      const value = samples[from + channel]!;
      data[to + channel] = alpha === 0 ? 0 : alpha === 255 ? value : Math.min(255, Math.trunc((255 * value) / alpha));
    }
  }
  return { width, height, data };
}

/** 16 bits to 8, as Pillow takes them. */
export function highBytes({ data, ...samples }: Samples<Uint16Array>): Samples<Uint8Array> {
  return { ...samples, data: Uint8Array.from(data, (value) => value >> 8) };
}
