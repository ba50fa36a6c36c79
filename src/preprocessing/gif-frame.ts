import { ByteReader, invalidImage } from './byte-reader.ts';
import { fillPalette } from './fill-palette.ts';

/** The first frame of a GIF. */
export interface GifFrame {
  /** The picture's size: the screen's, or more where the frame reaches beyond it. */
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly interlaced: boolean;
  /** [256, 3] */
  readonly colors: Uint8Array;
  /** The colour of what the frame does not cover. */
  readonly surround: number;
  /** Where the compressed pixels begin: the size of the first codes, then blocks. */
  readonly dataAt: number;
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const SCREEN_BYTES = 13;
const HAS_PALETTE = 0x80;
const INTERLACED = 0x40;

/**
 * Walks the blocks up to the first frame: GIF89a, section 17 and on; what is not covered or not named as Pillow has it.
 * @throws OnnxPredictError IMAGE_INVALID
 */
export function readGifFrame(bytes: Uint8Array): GifFrame {
  const reader = new ByteReader(bytes, { littleEndian: true });
  const global = readPalette(reader, reader.u8(10), SCREEN_BYTES);
  let at = global.end;
  let transparent: number | undefined;
  for (let kind = reader.u8(at); kind !== IMAGE; kind = reader.u8(at)) {
    if (kind === TRAILER) throw invalidImage('it is a GIF without a frame');
    at += 1;
    // Stray bytes between blocks are passed over.
    if (kind !== EXTENSION) continue;
    const isControl = reader.u8(at) === GRAPHIC_CONTROL && reader.u8(at + 1) >= 4;
    if (isControl && reader.u8(at + 2) & 1) transparent = reader.u8(at + 5);
    at += 1;
    while (reader.u8(at) !== 0) at += 1 + reader.u8(at);
    at += 1;
  }
  const flags = reader.u8(at + 9);
  const local = readPalette(reader, flags, at + 10);
  const [left, top, frameWidth, frameHeight] = [at + 1, at + 3, at + 5, at + 7].map((place) => reader.u16(place)) as Rectangle;
  if (frameWidth === 0 || frameHeight === 0) throw invalidImage(`its frame is ${frameWidth} x ${frameHeight} pixels`);
  return {
    width: Math.max(reader.u16(6), left + frameWidth),
    height: Math.max(reader.u16(8), top + frameHeight),
    left,
    top,
    frameWidth,
    frameHeight,
    interlaced: (flags & INTERLACED) !== 0,
    colors: fillPalette(local.given ?? global.given ?? new Uint8Array(0)),
    surround: transparent ?? 0,
    dataAt: local.end,
  };
}

type Rectangle = [left: number, top: number, width: number, height: number];

interface Palette {
  /** [numColors, 3]; undefined if there is none. */
  readonly given: Uint8Array | undefined;
  readonly end: number;
}

function readPalette(reader: ByteReader, flags: number, start: number): Palette {
  if ((flags & HAS_PALETTE) === 0) return { given: undefined, end: start };
  const sizeBytes = 3 * (2 << (flags & 7));
  return { given: reader.slice(start, sizeBytes), end: start + sizeBytes };
}
