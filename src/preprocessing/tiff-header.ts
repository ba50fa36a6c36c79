import { OnnxPredictError } from '../errors.ts';
import { ByteReader, invalidImage } from './byte-reader.ts';
import { type Orientation, readOrientation, toOrientation } from './exif-orientation.ts';
import type { SampleLayout } from './sample-layouts.ts';

/** The tags of a TIFF that say how large it is and what its samples are. TIFF 6.0, and BigTIFF. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly layout: SampleLayout;
  readonly orientation: Orientation;
  /** Where the 16-bit number is that says what the fourth sample is; undefined if there is none. */
  readonly extraSampleAt: number | undefined;
}

const LITTLE_ENDIAN = 0x49;
const WIDTH = 256;
const HEIGHT = 257;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ORIENTATION = 274;
const SAMPLES_PER_PIXEL = 277;
const PLANAR_CONFIGURATION = 284;
const TILE_WIDTH = 322;
const EXTRA_SAMPLES = 338;
const SAMPLE_FORMAT = 339;
const XMP = 700;

const WHITE_IS_ZERO = 0;
const BLACK_IS_ZERO = 1;
const RGB = 2;
const SEPARATED = 5;
const ASSOCIATED_ALPHA = 1;

/** Sizes of the types whose values are read: BYTE, SHORT, LONG, UNDEFINED, LONG8. */
const TYPE_SIZES = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
  [7, 1],
  [16, 8],
]);
/** None, CCITT (three kinds), LZW, JPEG (old and new), deflate, PackBits, and deflate's older number. */
const COMPRESSIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946]);
const MAX_TAGS = 4096;

/** One tag: its first value, and where its values are. */
interface Tag {
  readonly value: number;
  readonly at: number;
  readonly sizeBytes: number;
}

/**
 * Reads the first directory.
 * @throws OnnxPredictError IMAGE_UNSUPPORTED for compressions and samples that are not read; IMAGE_INVALID
 */
export function readTiffHeader(bytes: Uint8Array): TiffHeader {
  const reader = new ByteReader(bytes, { littleEndian: bytes[0] === LITTLE_ENDIAN });
  const tags = readTags(reader);
  const photometric = tags.get(PHOTOMETRIC)?.value ?? WHITE_IS_ZERO;
  const bits = tags.get(BITS_PER_SAMPLE)?.value ?? 1;
  const numSamples = tags.get(SAMPLES_PER_PIXEL)?.value ?? 1;
  refuseUnread(tags, photometric, bits);
  const extraSample = tags.get(EXTRA_SAMPLES);
  return {
    width: tags.get(WIDTH)?.value ?? 0,
    height: tags.get(HEIGHT)?.value ?? 0,
    layout: sampleLayout({ photometric, bits, numSamples, extraSample: extraSample?.value }),
    orientation: orientationOf(reader, tags),
    extraSampleAt: extraSample?.at,
  };
}

interface SampleTags {
  readonly photometric: number;
  readonly bits: number;
  readonly numSamples: number;
  readonly extraSample: number | undefined;
}

function sampleLayout({ photometric, bits, numSamples, extraSample }: SampleTags): SampleLayout {
  if (photometric === SEPARATED) return bits === 16 ? 'cmyk16' : 'cmyk';
  if (photometric === RGB && numSamples > 3 && extraSample === ASSOCIATED_ALPHA) return 'premultiplied';
  return photometric === BLACK_IS_ZERO && bits === 16 && numSamples === 1 ? 'gray16' : 'usual';
}

function orientationOf(reader: ByteReader, tags: ReadonlyMap<number, Tag>): Orientation {
  const tag = tags.get(ORIENTATION);
  if (tag !== undefined) return toOrientation(tag.value);
  const xmp = tags.get(XMP);
  return readOrientation({ exif: undefined, xmp: xmp && reader.bytes.subarray(xmp.at, xmp.at + xmp.sizeBytes) });
}

/** What libtiff would decode to garbage, silently, or to something that is no picture of 0 to 255. */
function refuseUnread(tags: ReadonlyMap<number, Tag>, photometric: number, bits: number): void {
  const compression = tags.get(COMPRESSION)?.value ?? 1;
  if (!COMPRESSIONS.has(compression)) throw unsupported(`of compression ${compression}`);
  const format = tags.get(SAMPLE_FORMAT)?.value ?? 1;
  if (format !== 1 || bits > 16) {
    throw unsupported(`of ${format === 3 ? 'floating-point' : format === 2 ? 'signed' : `${bits}-bit`} samples`);
  }
  if (bits === 16 && photometric === WHITE_IS_ZERO) throw unsupported('of 16-bit samples whose zero is white');
  if ((tags.get(PLANAR_CONFIGURATION)?.value ?? 1) === 2 && tags.has(TILE_WIDTH)) {
    throw unsupported('in tiles with a plane for each channel');
  }
}

function unsupported(kind: string): OnnxPredictError {
  return new OnnxPredictError('IMAGE_UNSUPPORTED', `This is a TIFF ${kind}, which is not read: convert it to PNG or JPEG.`);
}

function readTags(reader: ByteReader): ReadonlyMap<number, Tag> {
  const isBig = reader.u16(2) === 43;
  const directory = isBig ? reader.u64(8) : reader.u32(4);
  const numEntries = isBig ? reader.u64(directory) : reader.u16(directory);
  if (numEntries > MAX_TAGS) throw invalidImage(`it is a TIFF with ${numEntries} tags`);
  const tags = new Map<number, Tag>();
  for (let entry = 0; entry < numEntries; entry++) {
    const offset = directory + (isBig ? 8 + entry * 20 : 2 + entry * 12);
    const tag = readTag(reader, offset, isBig);
    if (tag !== undefined) tags.set(reader.u16(offset), tag);
  }
  return tags;
}

/** An entry is tag, type, count, and its values or, where they do not fit, where they are. */
function readTag(reader: ByteReader, entry: number, isBig: boolean): Tag | undefined {
  const valueBytes = TYPE_SIZES.get(reader.u16(entry + 2));
  if (valueBytes === undefined) return undefined;
  const count = isBig ? reader.u64(entry + 4) : reader.u32(entry + 4);
  const sizeBytes = valueBytes * count;
  if (count === 0) return undefined;
  const field = entry + (isBig ? 12 : 8);
  const isInline = sizeBytes <= (isBig ? 8 : 4);
  const at = isInline ? field : isBig ? reader.u64(field) : reader.u32(field);
  return { value: readValue(reader, at, valueBytes), at, sizeBytes };
}

function readValue(reader: ByteReader, at: number, valueBytes: number): number {
  if (valueBytes === 1) return reader.u8(at);
  if (valueBytes === 2) return reader.u16(at);
  return valueBytes === 4 ? reader.u32(at) : reader.u64(at);
}
