/** Portable bitmaps, graymaps and pixmaps (P1 to P6), as Pillow's PpmImagePlugin reads them: 16-bit gray is cut off at 255. */
import { invalidImage } from './byte-reader.ts';
import type { RgbImage } from './rgb-image.ts';

export interface PnmHeader {
  readonly width: number;
  readonly height: number;
  /** P1 to P6. */
  readonly kind: number;
  readonly maxValue: number;
  /** Where the samples begin. */
  readonly samplesAt: number;
}

const SPACES = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);
const HASH = 0x23;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const MAX_DIGITS = 10;

/** @throws OnnxPredictError IMAGE_INVALID */
export function readPnmHeader(bytes: Uint8Array): PnmHeader {
  const kind = bytes[1]! - 0x30;
  const tokens = new TokenReader(bytes, 2);
  const width = tokens.number();
  const height = tokens.number();
  const maxValue = kind === 1 || kind === 4 ? 1 : tokens.number();
  if (maxValue < 1 || maxValue > 65535) throw invalidImage(`its largest sample is said to be ${maxValue}`);
  return { width, height, kind, maxValue, samplesAt: tokens.at };
}

/** Decodes a picture whose size has been checked against the pixel limit. */
export function decodePnm(bytes: Uint8Array): RgbImage {
  const { width, height, kind, maxValue, samplesAt } = readPnmHeader(bytes);
  const numChannels = kind % 3 === 0 ? 3 : 1;
  const next = sampleReader(bytes, { width, kind, maxValue, samplesAt });
  const scaled = scaleTable(maxValue, numChannels);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += numChannels === 3 ? 1 : 3) {
    const sample = next();
    if (sample > maxValue && kind <= 3) throw invalidImage(`it has a sample of ${sample} above its largest, ${maxValue}`);
    const value = kind === 1 || kind === 4 ? 255 * (1 - sample) : scaled(sample);
    if (numChannels === 3) data[i] = value;
    else data.fill(value, i, i + 3);
  }
  return { width, height, data };
}

/** Samples to 0 to 255; gray of more than 8 bits goes to 16 bits and is then cut off, not scaled down. */
function scaleTable(maxValue: number, numChannels: number): (sample: number) => number {
  if (maxValue === 255) return (sample) => sample;
  const outMax = maxValue > 255 && numChannels === 1 ? 65535 : 255;
  return (sample) => Math.min(255, roundHalfEven((sample / maxValue) * outMax));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Gives one sample after another: as digits (P1 to P3), bits (P4, each row in whole bytes) or bytes (P5, P6). */
function sampleReader(bytes: Uint8Array, header: Omit<PnmHeader, 'height'>): () => number {
  const { width, kind, maxValue, samplesAt } = header;
  if (kind === 1) {
    const tokens = new TokenReader(bytes, samplesAt);
    return () => tokens.bit();
  }
  if (kind <= 3) {
    const tokens = new TokenReader(bytes, samplesAt);
    return () => tokens.number();
  }
  let position = 0;
  const byteAt = (offset: number) => {
    const byte = bytes[samplesAt + offset];
    if (byte === undefined) throw invalidImage('it is cut off');
    return byte;
  };
  if (kind === 4) {
    const rowBytes = Math.ceil(width / 8);
    return () => {
      const column = position % width;
      const byte = byteAt(Math.floor(position / width) * rowBytes + (column >> 3));
      position += 1;
      return (byte >> (7 - (column & 7))) & 1;
    };
  }
  if (maxValue < 256) return () => byteAt(position++);
  return () => {
    const sample = byteAt(position) * 256 + byteAt(position + 1);
    position += 2;
    return sample;
  };
}

/** Decimal numbers between white space and comments. */
class TokenReader {
  readonly #bytes: Uint8Array;
  /** Behind the white space that ended the last token. */
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  number(): number {
    let digits = '';
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) break;
      this.at += 1;
      if (SPACES.has(byte)) {
        if (digits !== '') break;
      } else if (byte === HASH) {
        this.#skipLine();
      } else {
        digits += String.fromCharCode(byte);
        if (!/^\d+$/.test(digits) || digits.length > MAX_DIGITS)
          throw invalidImage('it has something else where a number should be');
      }
    }
    if (digits === '') throw invalidImage('it is cut off');
    return Number(digits);
  }

  /** One 0 or 1; plain bitmaps need no space between them. */
  bit(): number {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) throw invalidImage('it is cut off');
      this.at += 1;
      if (byte === 0x30 || byte === 0x31) return byte - 0x30;
      if (byte === HASH) this.#skipLine();
      else if (!SPACES.has(byte)) throw invalidImage('it has something else where 0 or 1 should be');
    }
  }

  #skipLine(): void {
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) return;
      this.at += 1;
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return;
    }
  }
}
