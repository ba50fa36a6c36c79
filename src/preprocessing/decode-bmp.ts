/** Windows and OS/2 bitmaps, as Pillow's BmpImagePlugin reads them. */
import { type BmpHeader, CORE_HEADER_BYTES, readBmpHeader } from './bmp-header.ts';
import { ByteReader, invalidImage } from './byte-reader.ts';
import { fillPalette } from './fill-palette.ts';
import type { RgbImage } from './rgb-image.ts';

const RAW = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;
const FILE_HEADER_BYTES = 14;
/** From a header's start: inside the larger headers, right behind the one of 40 bytes. */
const MASKS_OFFSET = 40;

/** @throws OnnxPredictError IMAGE_INVALID */
export function decodeBmp(bytes: Uint8Array): RgbImage {
  const reader = new ByteReader(bytes, { littleEndian: true });
  const header = readBmpHeader(reader, FILE_HEADER_BYTES);
  return decodeBitmap(reader, { header, headerAt: FILE_HEADER_BYTES, pixelsAt: reader.u32(10) });
}

export interface BitmapPlace {
  readonly header: BmpHeader;
  readonly headerAt: number;
  /** Where the pixels begin; undefined if right after the header and its palette. */
  readonly pixelsAt: number | undefined;
}

/** Decodes a bitmap whose header stands at `headerAt`; its size has been checked against the pixel limit. */
export function decodeBitmap(reader: ByteReader, { header, headerAt, pixelsAt }: BitmapPlace): RgbImage {
  const { width, height, topDown, bitsPerPixel, compression } = header;
  const afterHeader = headerAt + header.headerBytes;
  // A header of 40 bytes is followed by its masks.
  const hasMasksBehind = header.headerBytes === 40 && compression === BITFIELDS;
  const paletteAt = afterHeader + (hasMasksBehind ? 12 : 0);
  const palette = bitsPerPixel <= 8 ? readPalette(reader, header, paletteAt) : undefined;
  // Some writers forget the palette when they say where the pixels are.
  const forgetsPalette = palette !== undefined && pixelsAt === afterHeader;
  const at = pixelsAt === undefined || pixelsAt === 0 || forgetsPalette ? paletteAt + (palette?.sizeBytes ?? 0) : pixelsAt;
  const toRow = (row: number) => (topDown ? row : height - 1 - row);
  if (compression === RLE8 || compression === RLE4) {
    if (palette === undefined) throw invalidImage(`it is a run-length encoded BMP of ${bitsPerPixel} bits a pixel`);
    const indices = decodeRuns(reader, at, header);
    return fromIndices({ width, height, indexAt: (x, row) => indices[row * width + x]!, colors: palette.colors, toRow });
  }
  if (compression !== RAW && compression !== BITFIELDS && compression !== ALPHA_BITFIELDS) {
    throw invalidImage(`it is a BMP of compression ${compression}, which is not read`);
  }
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const pixels = reader.slice(at, stride * (height - 1) + Math.ceil((width * bitsPerPixel) / 8));
  if (palette !== undefined) {
    const perByte = 8 / bitsPerPixel;
    const mask = (1 << bitsPerPixel) - 1;
    const indexAt = (x: number, row: number) =>
      (pixels[row * stride + Math.floor(x / perByte)]! >> (8 - bitsPerPixel * ((x % perByte) + 1))) & mask;
    return fromIndices({ width, height, indexAt, colors: palette.colors, toRow });
  }
  const channels = channelFields(reader, header, compression === RAW ? undefined : headerAt + MASKS_OFFSET);
  return fromFields({ width, height, pixels, stride, bytesPerPixel: bitsPerPixel / 8, channels, toRow });
}

interface Palette {
  /** [256, 3] */
  readonly colors: Uint8Array;
  readonly sizeBytes: number;
}

function readPalette(reader: ByteReader, header: BmpHeader, at: number): Palette {
  if (![1, 2, 4, 8].includes(header.bitsPerPixel)) throw invalidImage(`it is a BMP of ${header.bitsPerPixel} bits a pixel`);
  const numColors = header.numColors === 0 ? 1 << header.bitsPerPixel : header.numColors;
  if (numColors > 65536) throw invalidImage(`it is a BMP with a palette of ${numColors} colours`);
  const entryBytes = header.headerBytes === CORE_HEADER_BYTES ? 3 : 4;
  const given = new Uint8Array(Math.min(256, numColors) * 3);
  for (let color = 0; color * 3 < given.length; color++) {
    for (let channel = 0; channel < 3; channel++) given[color * 3 + channel] = reader.u8(at + color * entryBytes + 2 - channel);
  }
  return { colors: fillPalette(given), sizeBytes: numColors * entryBytes };
}

interface IndexedPixels {
  readonly width: number;
  readonly height: number;
  readonly indexAt: (x: number, row: number) => number;
  readonly colors: Uint8Array;
  readonly toRow: (row: number) => number;
}

function fromIndices({ width, height, indexAt, colors, toRow }: IndexedPixels): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    let to = toRow(row) * width * 3;
    for (let x = 0; x < width; x++) {
      const color = indexAt(x, row) * 3;
      data[to++] = colors[color]!;
      data[to++] = colors[color + 1]!;
      data[to++] = colors[color + 2]!;
    }
  }
  return { width, height, data };
}

/** Where a channel's bits are in a pixel. */
interface ChannelField {
  readonly shift: number;
  readonly max: number;
}

/** Red, green and blue: by masks, or as 5-5-5, 8-8-8 or 8-8-8-8. */
function channelFields(reader: ByteReader, { bitsPerPixel }: BmpHeader, masksAt: number | undefined): readonly ChannelField[] {
  if (![16, 24, 32].includes(bitsPerPixel)) throw invalidImage(`it is a BMP of ${bitsPerPixel} bits a pixel`);
  const usual = bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  const given = masksAt === undefined ? usual : [0, 4, 8].map((offset) => reader.u32(masksAt + offset));
  const masks = given.every((mask) => mask === 0) ? usual : given;
  return masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    const max = mask >>> shift;
    if ((max & (max + 1)) !== 0 || max > 0xffff) throw invalidImage(`it is a BMP with the channel mask 0x${mask.toString(16)}`);
    return { shift, max };
  });
}

interface FieldPixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly stride: number;
  readonly bytesPerPixel: number;
  readonly channels: readonly ChannelField[];
  readonly toRow: (row: number) => number;
}

function fromFields(fields: FieldPixels): RgbImage {
  const isByte = ({ shift, max }: ChannelField) => max === 255 && shift % 8 === 0 && shift / 8 < fields.bytesPerPixel;
  if (fields.channels.every(isByte)) return fromBytes(fields);
  const { width, height, pixels, stride, bytesPerPixel, channels, toRow } = fields;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    let to = toRow(row) * width * 3;
    let from = row * stride;
    for (let x = 0; x < width; x++) {
      let pixel = 0;
      for (let byte = bytesPerPixel - 1; byte >= 0; byte--) pixel = ((pixel << 8) | pixels[from + byte]!) >>> 0;
      for (const { shift, max } of channels) {
        const value = (pixel >>> shift) & max;
        data[to++] = max === 255 ? value : max === 0 ? 0 : Math.floor((value * 255) / max);
      }
      from += bytesPerPixel;
    }
  }
  return { width, height, data };
}

/** The usual case: every channel is a byte. */
function fromBytes({ width, height, pixels, stride, bytesPerPixel, channels, toRow }: FieldPixels): RgbImage {
  const data = new Uint8Array(width * height * 3);
  const [red, green, blue] = channels.map(({ shift }) => shift / 8) as [number, number, number];
  for (let row = 0; row < height; row++) {
    let to = toRow(row) * width * 3;
    let from = row * stride;
    for (let x = 0; x < width; x++) {
      data[to] = pixels[from + red]!;
      data[to + 1] = pixels[from + green]!;
      data[to + 2] = pixels[from + blue]!;
      to += 3;
      from += bytesPerPixel;
    }
  }
  return { width, height, data };
}

/**
 * Run-length encoded palette indices. [height, width], rows as stored; what the runs leave out has index 0.
 * Unlike Pillow it reads odd literal runs of 4-bit pixels whole, and takes an early end of the bitmap for what it is.
 */
function decodeRuns(reader: ByteReader, start: number, { width, height, compression }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  const isRle4 = compression === RLE4;
  let at = start;
  let x = 0;
  let row = 0;
  while (row < height) {
    const count = reader.u8(at);
    const value = reader.u8(at + 1);
    at += 2;
    if (count > 0) {
      const fits = Math.min(count, width - x);
      const place = row * width + x;
      for (let i = 0; i < fits; i++) indices[place + i] = isRle4 ? (i % 2 === 0 ? value >> 4 : value & 15) : value;
      x += fits;
    } else if (value === 0) {
      x = 0;
      row += 1;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += reader.u8(at);
      row += reader.u8(at + 1);
      at += 2;
      if (x >= width) {
        row += Math.floor(x / width);
        x %= width;
      }
    } else {
      const literals = reader.slice(at, isRle4 ? Math.ceil(value / 2) : value);
      const fits = Math.min(value, width - x);
      const place = row * width + x;
      for (let i = 0; i < fits; i++) {
        const byte = literals[isRle4 ? i >> 1 : i]!;
        indices[place + i] = isRle4 ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte;
      }
      x += fits;
      at += literals.length;
      at += at % 2;
    }
  }
  return indices;
}
