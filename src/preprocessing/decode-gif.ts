import { ByteReader, invalidImage } from './byte-reader.ts';
import type { RgbImage } from './rgb-image.ts';

/** The first frame of a GIF, and what Pillow shows around it. */
export interface GifLayout {
  readonly frame: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  /** Where the byte is whose lowest bit says that a colour is transparent; undefined if there is none. */
  readonly transparencyFlagAt: number | undefined;
  /** Red, green, blue of what the frame does not cover: the transparent colour, or else the first of the palette. */
  readonly surround: readonly [number, number, number];
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/** Walks the blocks up to the first frame. GIF89a, section 17 and on. */
export function readGifLayout(bytes: Uint8Array): GifLayout {
  const reader = new ByteReader(bytes, { littleEndian: true });
  const global = paletteAt(reader.u8(10), 13);
  let at = global.end;
  let transparencyFlagAt: number | undefined;
  let transparent: number | undefined;
  for (;;) {
    const kind = reader.u8(at);
    if (kind === IMAGE) break;
    if (kind !== EXTENSION) throw invalidImage('it is a GIF without a frame');
    if (reader.u8(at + 1) === GRAPHIC_CONTROL && reader.u8(at + 2) === 4 && reader.u8(at + 3) & 1) {
      transparencyFlagAt = at + 3;
      transparent = reader.u8(at + 6);
    }
    at += 2;
    while (reader.u8(at) !== 0) at += 1 + reader.u8(at);
    at += 1;
  }
  const local = paletteAt(reader.u8(at + 9), at + 10);
  const palette = local.size > 0 ? local : global;
  const color = transparent ?? 0;
  const channel = (index: number) => (color < palette.size ? reader.u8(palette.start + color * 3 + index) : color);
  return {
    frame: { left: reader.u16(at + 1), top: reader.u16(at + 3), width: reader.u16(at + 5), height: reader.u16(at + 7) },
    transparencyFlagAt,
    surround: [channel(0), channel(1), channel(2)],
  };
}

/** A copy of the file in which no colour is transparent, so that decoders show what stands under transparency, as Pillow does. */
export function withoutTransparency(bytes: Uint8Array, { transparencyFlagAt }: GifLayout): Uint8Array {
  if (transparencyFlagAt === undefined) return bytes;
  const copy = Uint8Array.from(bytes);
  copy[transparencyFlagAt]! &= 0xfe;
  return copy;
}

/** Paints what the first frame does not cover, in place. */
export function fillSurround(image: RgbImage, { frame, surround }: GifLayout): void {
  const right = frame.left + frame.width;
  const bottom = frame.top + frame.height;
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      if (x >= frame.left && x < right && y >= frame.top && y < bottom) continue;
      image.data.set(surround, (y * image.width + x) * 3);
    }
  }
}

function paletteAt(flags: number, start: number): { readonly start: number; readonly end: number; readonly size: number } {
  const size = flags & 0x80 ? 2 << (flags & 7) : 0;
  return { start, size, end: start + size * 3 };
}
