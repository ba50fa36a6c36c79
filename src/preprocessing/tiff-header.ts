import { type ByteReader, invalidImage } from './byte-reader.ts';

/** The tags of a TIFF that say how large it is and what its samples are. TIFF 6.0, and BigTIFF. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly layout: 'usual' | 'gray16' | 'cmyk';
}

const WIDTH = 256;
const HEIGHT = 257;
const BITS_PER_SAMPLE = 258;
const PHOTOMETRIC = 262;
const SAMPLES_PER_PIXEL = 277;
const SAMPLE_FORMAT = 339;
const SEPARATED = 5;
const BLACK_IS_ZERO = 1;
const SHORT = 3;
const LONG = 4;
const LONG8 = 16;

/** Reads the first directory; `reader` has the file's byte order. */
export function readTiffHeader(reader: ByteReader): TiffHeader {
  const isBig = reader.u16(2) === 43;
  const directory = isBig ? reader.u64(8) : reader.u32(4);
  const numEntries = isBig ? reader.u64(directory) : reader.u16(directory);
  if (numEntries > 4096) throw invalidImage(`it is a TIFF with ${numEntries} tags`);
  const tags = new Map<number, number>();
  for (let entry = 0; entry < numEntries; entry++) {
    const offset = directory + (isBig ? 8 + entry * 20 : 2 + entry * 12);
    const value = firstValue(reader, offset, isBig);
    if (value !== undefined) tags.set(reader.u16(offset), value);
  }
  const photometric = tags.get(PHOTOMETRIC);
  const isGray16 =
    photometric === BLACK_IS_ZERO &&
    tags.get(BITS_PER_SAMPLE) === 16 &&
    (tags.get(SAMPLES_PER_PIXEL) ?? 1) === 1 &&
    (tags.get(SAMPLE_FORMAT) ?? 1) === 1;
  return {
    width: tags.get(WIDTH) ?? 0,
    height: tags.get(HEIGHT) ?? 0,
    layout: isGray16 ? 'gray16' : photometric === SEPARATED ? 'cmyk' : 'usual',
  };
}

/** An entry is tag, type, count, and its values or, where they do not fit, where they are. */
function firstValue(reader: ByteReader, entry: number, isBig: boolean): number | undefined {
  const type = reader.u16(entry + 2);
  const sizeBytes = new Map([
    [SHORT, 2],
    [LONG, 4],
    [LONG8, 8],
  ]).get(type);
  if (sizeBytes === undefined) return undefined;
  const count = isBig ? reader.u64(entry + 4) : reader.u32(entry + 4);
  const field = entry + (isBig ? 12 : 8);
  const isInline = sizeBytes * count <= (isBig ? 8 : 4);
  const at = isInline ? field : isBig ? reader.u64(field) : reader.u32(field);
  if (type === SHORT) return reader.u16(at);
  return type === LONG ? reader.u32(at) : reader.u64(at);
}
