/** What a picture is and how large it is, from its first bytes, without decoding anything. Its name does not matter. */
import { OnnxPredictError } from '../errors.ts';
import { readBmpSize } from './bmp-header.ts';
import { ByteReader, invalidImage } from './byte-reader.ts';
import { readIcoFrame } from './decode-ico.ts';
import { isPnm, readPnmHeader } from './decode-pnm.ts';
import { readGifFrame } from './gif-frame.ts';
import { isFrameHeader, readJpegSegments } from './jpeg-segments.ts';
import { refuseByName } from './refused-formats.ts';
import type { SampleLayout } from './sample-layouts.ts';
import { readTiffHeader } from './tiff-header.ts';

export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'avif' | 'bmp' | 'ico' | 'pnm';

export interface ImageHeader {
  readonly format: ImageFormat;
  /** In pixels, as stored: before any rotation. */
  readonly width: number;
  readonly height: number;
  readonly layout: SampleLayout;
}

const AVIF_BRANDS = ['avif', 'avis'];
const HEIF_BRANDS = ['mif1', 'msf1'];
const MAX_FILE_TYPE_BYTES = 1024;
const TIFF_SIGNATURES = ['II*\0', 'II+\0', 'MM\0*', 'MM\0+'];

/**
 * Reads a picture's header.
 * @throws OnnxPredictError IMAGE_UNSUPPORTED for what is no picture, or one of a kind that is not read; IMAGE_INVALID if it is cut
 *   off or says something impossible
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const header = readAnyHeader(bytes);
  if (header.width > 0 && header.height > 0) return header;
  throw invalidImage(`its header says that it is ${header.width} x ${header.height} pixels`);
}

/** @throws OnnxPredictError IMAGE_TOO_LARGE */
export function checkPixelLimit({ width, height }: { readonly width: number; readonly height: number }, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new OnnxPredictError(
    'IMAGE_TOO_LARGE',
    `The picture is ${width} x ${height} = ${width * height} pixels; at most ${maxPixels} are decoded. Make it smaller, or raise the limit (--max-pixels, maxPixels).`,
  );
}

function readAnyHeader(bytes: Uint8Array): ImageHeader {
  const little = new ByteReader(bytes, { littleEndian: true });
  const big = new ByteReader(bytes, { littleEndian: false });
  if (big.hasText(0, '\xff\xd8\xff')) return readJpeg(big);
  if (big.hasText(0, '\x89PNG\r\n\x1a\n')) return readPng(big);
  if (big.hasText(0, 'GIF87a') || big.hasText(0, 'GIF89a')) return readGif(bytes);
  if (big.hasText(0, 'RIFF') && big.hasText(8, 'WEBP')) return readWebp(little);
  if (TIFF_SIGNATURES.some((signature) => big.hasText(0, signature))) return readTiff(bytes);
  if (isAvif(big)) return readAvif(big);
  if (big.hasText(0, 'BM')) return { format: 'bmp', layout: 'usual', ...readBmpSize(little, 14) };
  if (big.hasText(0, '\0\0\x01\0') || big.hasText(0, '\0\0\x02\0')) return readIco(little);
  if (isPnm(bytes)) return readPnm(bytes);
  throw refuseByName(big);
}

function usual(format: ImageFormat, width: number, height: number): ImageHeader {
  return { format, width, height, layout: 'usual' };
}

function readJpeg(reader: ByteReader): ImageHeader {
  const frame = readJpegSegments(reader).find(({ marker }) => isFrameHeader(marker));
  if (frame === undefined) throw invalidImage('it is a JPEG without a frame header');
  // Precision, height, width, number of components.
  const layout = reader.u8(frame.at + 5) === 4 ? 'cmyk' : 'usual';
  return { format: 'jpeg', width: reader.u16(frame.at + 3), height: reader.u16(frame.at + 1), layout };
}

function readPng(reader: ByteReader): ImageHeader {
  if (!reader.hasText(12, 'IHDR')) throw invalidImage('it is a PNG without a header chunk');
  const layout = reader.u8(24) === 16 && reader.u8(25) === 0 ? 'gray16' : 'usual';
  return { format: 'png', width: reader.u32(16), height: reader.u32(20), layout };
}

function readGif(bytes: Uint8Array): ImageHeader {
  const { width, height } = readGifFrame(bytes);
  return usual('gif', width, height);
}

function readTiff(bytes: Uint8Array): ImageHeader {
  const { width, height, layout } = readTiffHeader(bytes);
  return { format: 'tiff', width, height, layout };
}

function readPnm(bytes: Uint8Array): ImageHeader {
  const { width, height } = readPnmHeader(bytes);
  return usual('pnm', width, height);
}

function readWebp(reader: ByteReader): ImageHeader {
  if (reader.hasText(12, 'VP8 ')) return usual('webp', reader.u16(26) & 0x3fff, reader.u16(28) & 0x3fff);
  if (reader.hasText(12, 'VP8X')) return usual('webp', reader.u24(24) + 1, reader.u24(27) + 1);
  if (reader.hasText(12, 'VP8L')) {
    const bits = reader.u32(21);
    return usual('webp', (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  throw invalidImage('it is a WebP without a picture in it');
}

function readIco(reader: ByteReader): ImageHeader {
  const frame = readIcoFrame(reader);
  if (frame.kind === 'bmp') return usual('ico', frame.width, frame.height);
  return { ...readPng(new ByteReader(frame.bytes, { littleEndian: false })), format: 'ico' };
}

/** By its brand or, in files that call themselves plain HEIF, by those that it is compatible with. */
function isAvif(reader: ByteReader): boolean {
  if (!reader.hasText(4, 'ftyp')) return false;
  if (AVIF_BRANDS.some((brand) => reader.hasText(8, brand))) return true;
  if (!HEIF_BRANDS.some((brand) => reader.hasText(8, brand))) return false;
  const end = Math.min(reader.u32(0), MAX_FILE_TYPE_BYTES);
  for (let offset = 16; offset + 4 <= end; offset += 4) {
    if (AVIF_BRANDS.some((brand) => reader.hasText(offset, brand))) return true;
  }
  return false;
}

/** The largest `ispe` (image spatial extents) property: ISO/IEC 23008-12. Boxes nest as meta > iprp > ipco > ispe. */
function readAvif(reader: ByteReader): ImageHeader {
  let best = { width: 0, height: 0 };
  const search = (start: number, end: number, depth: number): void => {
    for (let offset = start; offset + 8 <= end; ) {
      const size = reader.u32(offset);
      const boxEnd = size === 0 ? end : offset + size;
      if (size === 1 || (size > 1 && size < 8) || boxEnd > end) return;
      if (reader.hasText(offset + 4, 'meta') && depth === 0) search(offset + 12, boxEnd, 1);
      else if (reader.hasText(offset + 4, 'iprp') && depth === 1) search(offset + 8, boxEnd, 2);
      else if (reader.hasText(offset + 4, 'ipco') && depth === 2) search(offset + 8, boxEnd, 3);
      else if (reader.hasText(offset + 4, 'ispe') && depth === 3) {
        const [width, height] = [reader.u32(offset + 12), reader.u32(offset + 16)];
        if (width * height > best.width * best.height) best = { width, height };
      }
      offset = boxEnd;
    }
  };
  search(0, reader.bytes.length, 0);
  return usual('avif', best.width, best.height);
}
