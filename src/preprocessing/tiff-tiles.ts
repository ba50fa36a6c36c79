/**
 * Tiles as strips. Where a tile cannot be decoded, libvips shows it black and says nothing; of a strip it says so. A TIFF in tiles is
 * therefore read as a narrow, high one whose strips are the tiles, and those are put in their places here.
 */
import { invalidImage } from './byte-reader.ts';
import type { RgbImage } from './rgb-image.ts';
import type { TiffTiles } from './tiff-header.ts';
import { entryBytes, readTiffDirectory } from './tiff-tags.ts';

const WIDTH = 256;
const HEIGHT = 257;
const STRIP_OFFSETS = 273;
const ROWS_PER_STRIP = 278;
const STRIP_BYTE_COUNTS = 279;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const TILE_OFFSETS = 324;
const TILE_BYTE_COUNTS = 325;
const LONG = 4;

/** A copy of the file with one directory, behind everything else, in which each tile is a strip. */
export function tilesAsStrips(bytes: Uint8Array, tiles: TiffTiles): Uint8Array {
  const { reader, isBig, tags } = readTiffDirectory(bytes);
  const renamed = new Map([
    [TILE_OFFSETS, STRIP_OFFSETS],
    [TILE_BYTE_COUNTS, STRIP_BYTE_COUNTS],
  ]);
  const numbers = new Map([
    [WIDTH, tiles.width],
    [HEIGHT, tiles.height * tiles.columns * tiles.rows],
    [ROWS_PER_STRIP, tiles.height],
  ]);
  const dropped = new Set([STRIP_OFFSETS, STRIP_BYTE_COUNTS, TILE_WIDTH, TILE_HEIGHT, ...numbers.keys()]);
  const entries: { tag: number; entryAt?: number; value?: number }[] = Array.from(numbers, ([tag, value]) => ({ tag, value }));
  for (const [tag, { entryAt }] of tags) if (!dropped.has(tag)) entries.push({ tag: renamed.get(tag) ?? tag, entryAt });
  entries.sort((a, b) => a.tag - b.tag);

  const size = entryBytes(isBig);
  const directory = bytes.length + (bytes.length % 2);
  const firstEntry = directory + (isBig ? 8 : 2);
  const copy = new Uint8Array(firstEntry + entries.length * size + 8);
  copy.set(bytes);
  const view = new DataView(copy.buffer);
  const { littleEndian } = reader;
  if (isBig) {
    view.setBigUint64(8, BigInt(directory), littleEndian);
    view.setBigUint64(directory, BigInt(entries.length), littleEndian);
  } else {
    view.setUint32(4, directory, littleEndian);
    view.setUint16(directory, entries.length, littleEndian);
  }
  for (const [index, { tag, entryAt, value }] of entries.entries()) {
    const at = firstEntry + index * size;
    if (entryAt !== undefined) copy.copyWithin(at, entryAt, entryAt + size);
    view.setUint16(at, tag, littleEndian);
    if (value === undefined) continue;
    view.setUint16(at + 2, LONG, littleEndian);
    if (isBig) view.setBigUint64(at + 4, 1n, littleEndian);
    else view.setUint32(at + 4, 1, littleEndian);
    view.setUint32(at + (isBig ? 12 : 8), value, littleEndian);
  }
  return copy;
}

/** Puts the tiles, which stand one below the other, in their places. */
export function joinTiles(strips: RgbImage, tiles: TiffTiles, { width, height }: { width: number; height: number }): RgbImage {
  if (strips.height !== tiles.height * tiles.columns * tiles.rows) throw invalidImage('it is a TIFF without all of its tiles');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const rowOfTiles = Math.floor(y / tiles.height) * tiles.columns;
    for (let column = 0; column < tiles.columns; column++) {
      const from = ((rowOfTiles + column) * tiles.height + (y % tiles.height)) * tiles.width * 3;
      const left = column * tiles.width;
      const numPixels = Math.min(tiles.width, width - left);
      data.set(strips.data.subarray(from, from + numPixels * 3), (y * width + left) * 3);
    }
  }
  return { width, height, data };
}
