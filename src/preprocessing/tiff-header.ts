import { OnnxPredictError } from '../errors.ts';
import { type ByteReader, invalidImage } from './byte-reader.ts';
import { type Orientation, readOrientation, toOrientation } from './exif-orientation.ts';
import type { SampleLayout } from './sample-layouts.ts';
import { readTiffDirectory, type TiffDirectory } from './tiff-tags.ts';

/** The tags of a TIFF that say how large it is and what its samples are. TIFF 6.0, and BigTIFF. */
export interface TiffHeader {
  readonly width: number;
  readonly height: number;
  readonly layout: SampleLayout;
  readonly orientation: Orientation;
  /** Where the 16-bit number is that says what the fourth sample is; undefined if there is none. */
  readonly extraSampleAt: number | undefined;
  readonly tiles: TiffTiles | undefined;
}

/** The tiles of a picture: their size in pixels, and how many there are. */
export interface TiffTiles {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
}

type Tags = TiffDirectory['tags'];

const WIDTH = 256;
const HEIGHT = 257;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ORIENTATION = 274;
const SAMPLES_PER_PIXEL = 277;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const EXTRA_SAMPLES = 338;
const SAMPLE_FORMAT = 339;
const XMP = 700;

const WHITE_IS_ZERO = 0;
const BLACK_IS_ZERO = 1;
const RGB = 2;
const PALETTE = 3;
const SEPARATED = 5;
const YCBCR = 6;
const ASSOCIATED_ALPHA = 1;

/** None, CCITT (three kinds), LZW, JPEG (old and new), deflate, PackBits, and deflate's older number. */
const COMPRESSIONS: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946]);
const JPEG_COMPRESSIONS: ReadonlySet<number> = new Set([6, 7]);
const PHOTOMETRICS: ReadonlySet<number> = new Set([WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, SEPARATED]);

/**
 * Reads the first directory.
 * @throws OnnxPredictError IMAGE_UNSUPPORTED for compressions and samples that are not read; IMAGE_INVALID
 */
export function readTiffHeader(bytes: Uint8Array): TiffHeader {
  const { reader, tags } = readTiffDirectory(bytes);
  const width = tags.get(WIDTH)?.value ?? 0;
  const height = tags.get(HEIGHT)?.value ?? 0;
  const photometric = tags.get(PHOTOMETRIC)?.value ?? WHITE_IS_ZERO;
  const bits = tags.get(BITS_PER_SAMPLE)?.value ?? 1;
  const numSamples = tags.get(SAMPLES_PER_PIXEL)?.value ?? 1;
  refuseUnread(tags, photometric, bits);
  const extraSample = tags.get(EXTRA_SAMPLES);
  return {
    width,
    height,
    layout: sampleLayout({ photometric, bits, numSamples, extraSample: extraSample?.value }),
    orientation: orientationOf(reader, tags),
    extraSampleAt: extraSample?.at,
    tiles: readTiles(tags, width, height),
  };
}

function readTiles(tags: Tags, width: number, height: number): TiffTiles | undefined {
  const tileWidth = tags.get(TILE_WIDTH)?.value;
  const tileHeight = tags.get(TILE_HEIGHT)?.value;
  if (tileWidth === undefined && tileHeight === undefined) return undefined;
  if (!tileWidth || !tileHeight) throw invalidImage('it is a TIFF whose tiles have no size');
  return { width: tileWidth, height: tileHeight, columns: Math.ceil(width / tileWidth), rows: Math.ceil(height / tileHeight) };
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

function orientationOf(reader: ByteReader, tags: Tags): Orientation {
  const tag = tags.get(ORIENTATION);
  if (tag !== undefined) return toOrientation(tag.value);
  const xmp = tags.get(XMP);
  return readOrientation({ exif: undefined, xmp: xmp && reader.bytes.subarray(xmp.at, xmp.at + xmp.sizeBytes) });
}

/** What libtiff would decode to garbage, silently, or to something that is no picture of 0 to 255. */
function refuseUnread(tags: Tags, photometric: number, bits: number): void {
  const compression = tags.get(COMPRESSION)?.value ?? 1;
  if (!COMPRESSIONS.has(compression)) throw unsupported(`of compression ${compression}`);
  const isJpegColor = photometric === YCBCR && JPEG_COMPRESSIONS.has(compression);
  if (!isJpegColor && !PHOTOMETRICS.has(photometric)) throw unsupported(`of the colour kind ${photometric}`);
  const format = tags.get(SAMPLE_FORMAT)?.value ?? 1;
  if (format !== 1 || bits > 16) {
    throw unsupported(`of ${format === 3 ? 'floating-point' : format === 2 ? 'signed' : `${bits}-bit`} samples`);
  }
  if (bits === 16 && photometric === WHITE_IS_ZERO) throw unsupported('of 16-bit samples whose zero is white');
}

function unsupported(kind: string): OnnxPredictError {
  return new OnnxPredictError('IMAGE_UNSUPPORTED', `This is a TIFF ${kind}, which is not read: convert it to PNG or JPEG.`);
}
