/** Portable bitmaps, graymaps and pixmaps (P1 to P6), as Pillow's PpmImagePlugin reads them: 16-bit gray is cut off at 255. */
import { invalidImage } from './byte-reader.ts';
import { isPnmSpace, PnmTokens } from './pnm-tokens.ts';
import type { RgbImage } from './rgb-image.ts';
import { roundHalfEven } from './round-half-even.ts';

export interface PnmHeader {
  readonly width: number;
  readonly height: number;
  /** P1 to P6. */
  readonly kind: number;
  readonly maxValue: number;
  /** Where the samples begin. */
  readonly samplesAt: number;
}

/** Whether these bytes begin as a portable bitmap, graymap or pixmap does. */
export function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1]! >= 0x31 && bytes[1]! <= 0x36 && isPnmSpace(bytes[2]);
}

/** @throws OnnxPredictError IMAGE_INVALID */
export function readPnmHeader(bytes: Uint8Array): PnmHeader {
  const kind = bytes[1]! - 0x30;
  const tokens = new PnmTokens(bytes, 2);
  const width = tokens.number();
  const height = tokens.number();
  const maxValue = kind === 1 || kind === 4 ? 1 : tokens.number();
  if (maxValue < 1 || maxValue > 65535) throw invalidImage(`its largest sample is said to be ${maxValue}`);
  return { width, height, kind, maxValue, samplesAt: tokens.at };
}

/** Decodes a picture whose size has been checked against the pixel limit. */
export function decodePnm(bytes: Uint8Array): RgbImage {
  const header = readPnmHeader(bytes);
  const { width, height, kind } = header;
  const isColor = kind % 3 === 0;
  const numSamples = width * height * (isColor ? 3 : 1);
  // The shortest file there can be: memory is only taken for what can be there.
  const leastBytes = kind === 4 ? Math.ceil(width / 8) * height : kind > 4 && header.maxValue > 255 ? numSamples * 2 : numSamples;
  if (bytes.length - header.samplesAt < leastBytes) throw invalidImage('it is cut off');
  // Samples that stay as they are.
  if (kind === 6 && header.maxValue === 255) {
    return { width, height, data: bytes.subarray(header.samplesAt, header.samplesAt + numSamples) };
  }
  const data = new Uint8Array(width * height * 3);
  const next = sampleReader(bytes, header);
  const values = valueTable(header, isColor);
  if (isColor) {
    for (let i = 0; i < data.length; i++) data[i] = values[next()]!;
  } else {
    for (let i = 0; i < data.length; i += 3) {
      const value = values[next()]!;
      data[i] = value;
      data[i + 1] = value;
      data[i + 2] = value;
    }
  }
  return { width, height, data };
}

/**
 * What each sample becomes; gray of more than 8 bits goes to 16 bits and is then cut off, not scaled down. Samples above the
 * largest count as the largest. [256 or 65536]
 */
function valueTable({ kind, maxValue }: PnmHeader, isColor: boolean): Uint8Array {
  if (kind === 1 || kind === 4) return Uint8Array.of(255, 0);
  const outMax = maxValue > 255 && !isColor ? 65535 : 255;
  const table = new Uint8Array(maxValue > 255 ? 65536 : 256);
  return table.map((_, sample) => Math.min(255, roundHalfEven((sample / maxValue) * outMax)));
}

/** Gives one sample after another: as digits (P1 to P3), bits (P4, each row in whole bytes) or bytes (P5, P6). */
function sampleReader(bytes: Uint8Array, { width, kind, maxValue, samplesAt }: PnmHeader): () => number {
  if (kind === 1) {
    const tokens = new PnmTokens(bytes, samplesAt);
    return () => tokens.bit();
  }
  if (kind <= 3) {
    const tokens = new PnmTokens(bytes, samplesAt);
    return () => {
      const sample = tokens.number();
      if (sample > maxValue) throw invalidImage(`it has a sample of ${sample} above its largest, ${maxValue}`);
      return sample;
    };
  }
  let at = samplesAt;
  if (kind === 4) {
    let column = 0;
    return () => {
      const bit = (bytes[at]! >> (7 - (column & 7))) & 1;
      column += 1;
      if ((column & 7) === 0 || column === width) at += 1;
      if (column === width) column = 0;
      return bit;
    };
  }
  if (maxValue < 256) return () => bytes[at++]!;
  return () => {
    const sample = bytes[at]! * 256 + bytes[at + 1]!;
    at += 2;
    return sample;
  };
}
