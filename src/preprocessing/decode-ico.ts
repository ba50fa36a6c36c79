/** Windows icons and cursors: the largest frame, as Pillow's IcoImagePlugin chooses it. */
import { readBmpHeader } from './bmp-header.ts';
import { type ByteReader, invalidImage } from './byte-reader.ts';
import { decodeBitmap } from './decode-bmp.ts';
import type { RgbImage } from './rgb-image.ts';

const DIRECTORY_BYTES = 6;
const ENTRY_BYTES = 16;

/** The frame that stands for the icon: a PNG of its own, or a bitmap with a transparency mask below. */
export type IcoFrame =
  | { readonly kind: 'png'; readonly bytes: Uint8Array }
  | { readonly kind: 'bmp'; readonly width: number; readonly height: number; readonly headerAt: number };

/** @throws OnnxPredictError IMAGE_INVALID */
export function readIcoFrame(reader: ByteReader): IcoFrame {
  const isCursor = reader.u16(2) === 2;
  const entries = Array.from({ length: reader.u16(4) }, (_, index) => readEntry(reader, index, isCursor));
  // Of equally large frames the one of fewest colours, as Pillow has it.
  entries.sort((a, b) => b.area - a.area || a.depth - b.depth);
  const [best] = entries;
  if (best === undefined) throw invalidImage('it is an icon without a picture in it');
  const bytes = reader.slice(best.at, best.sizeBytes);
  if (reader.hasText(best.at, '\x89PNG')) return { kind: 'png', bytes };
  const { width, height } = readBmpHeader(reader, best.at);
  return { kind: 'bmp', width, height: Math.floor(height / 2), headerAt: best.at };
}

/** Decodes a bitmap frame; the mask is transparency, which is dropped. */
export function decodeIcoBitmap(reader: ByteReader, frame: Extract<IcoFrame, { kind: 'bmp' }>): RgbImage {
  const header = { ...readBmpHeader(reader, frame.headerAt), height: frame.height };
  return decodeBitmap(reader, { header, headerAt: frame.headerAt, pixelsAt: undefined });
}

interface IcoEntry {
  readonly area: number;
  readonly depth: number;
  readonly sizeBytes: number;
  readonly at: number;
}

function readEntry(reader: ByteReader, index: number, isCursor: boolean): IcoEntry {
  const entry = DIRECTORY_BYTES + index * ENTRY_BYTES;
  const area = (reader.u8(entry) || 256) * (reader.u8(entry + 1) || 256);
  const numColors = reader.u8(entry + 2);
  // In a cursor this field is the hot spot.
  const bitsPerPixel = isCursor ? 0 : reader.u16(entry + 6);
  const depth = bitsPerPixel || (numColors === 0 ? 256 : Math.ceil(Math.log2(numColors)));
  return { area, depth, sizeBytes: reader.u32(entry + 8), at: reader.u32(entry + 12) };
}
