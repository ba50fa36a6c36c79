/** Picture files to pixels, as Pillow's `exif_transpose(image).convert('RGB')` gives them. The one file that imports sharp. */
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import { ByteReader, invalidImage, truncatedImage } from './byte-reader.ts';
import { decodeBmp } from './decode-bmp.ts';
import { decodeGif } from './decode-gif.ts';
import { decodeIcoBitmap, readIcoFrame } from './decode-ico.ts';
import { decodePnm } from './decode-pnm.ts';
import { checkPixelLimit, type ImageHeader, readImageHeader } from './image-header.ts';
import { readImageOrientation } from './image-orientation.ts';
import { orientImage } from './orient-image.ts';
import { isCutOffPng } from './png-chunks.ts';
import type { RgbImage } from './rgb-image.ts';
import { fromCmyk, fromGray, fromPremultiplied, highBytes, type Samples } from './sample-layouts.ts';
import { readTiffHeader } from './tiff-header.ts';
import { joinTiles, tilesAsStrips } from './tiff-tiles.ts';

// A picture is decoded once: libvips' cache of operations would only hold memory.
sharp.cache(false);
// libvips looks at the bytes itself: whatever they pretend to be, no other decoder (SVG, PDF, HDR) may get hold of them.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['Jpeg', 'Png', 'Webp', 'Tiff', 'Heif'].map((name) => `VipsForeignLoad${name}Buffer`) });

const UNASSOCIATED_ALPHA = 2;

/**
 * Decodes the first frame, turned upright by its EXIF orientation unless that is to be ignored; alpha and colour profiles are
 * dropped. Bit-equal with Pillow but for AVIF, whose decoder differs by a few levels; docs/images.md has the odd cases.
 * @throws OnnxPredictError IMAGE_UNSUPPORTED, IMAGE_INVALID, or IMAGE_TOO_LARGE before anything is decoded
 */
export async function decodeImage(
  bytes: Uint8Array,
  { maxPixels, ignoreOrientation = false }: { readonly maxPixels: number; readonly ignoreOrientation?: boolean },
): Promise<RgbImage> {
  const header = readImageHeader(bytes);
  checkPixelLimit(header, maxPixels);
  const stored = await decodeStored(bytes, header, maxPixels);
  return ignoreOrientation ? stored : orientImage(stored, readImageOrientation(bytes, header.format));
}

/** The pixels as they are stored: not turned. */
async function decodeStored(bytes: Uint8Array, header: ImageHeader, maxPixels: number): Promise<RgbImage> {
  switch (header.format) {
    case 'bmp':
      return decodeBmp(bytes);
    case 'pnm':
      return decodePnm(bytes);
    case 'gif':
      return decodeGif(bytes);
    case 'ico': {
      const reader = new ByteReader(bytes, { littleEndian: true });
      const frame = readIcoFrame(reader);
      return frame.kind === 'bmp' ? decodeIcoBitmap(reader, frame) : decodeBySharp(frame.bytes, header);
    }
    case 'tiff':
      return decodeTiff(bytes, header, maxPixels);
    default:
      return decodeBySharp(bytes, header);
  }
}

async function decodeTiff(bytes: Uint8Array, header: ImageHeader, maxPixels: number): Promise<RgbImage> {
  const { tiles } = readTiffHeader(bytes);
  if (tiles === undefined) return decodeBySharp(bytes, header);
  // Tiles go on beyond the picture's edges.
  const size = { width: tiles.width, height: tiles.height * tiles.columns * tiles.rows };
  checkPixelLimit(size, maxPixels);
  const strips = await decodeBySharp(tilesAsStrips(forLibvips(bytes, header), tiles), {
    ...header,
    ...size,
    layout: header.layout,
  });
  return joinTiles(strips, tiles, header);
}

async function decodeBySharp(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  try {
    return await decodeSamples(bytes, header);
  } catch (error) {
    throw isCutOffPng(bytes) ? truncatedImage() : error;
  }
}

async function decodeSamples(bytes: Uint8Array, header: ImageHeader): Promise<RgbImage> {
  const { layout, width, height } = header;
  const input = sharp(forLibvips(bytes, header), {
    // A colour profile would change the samples, which the models were not trained on.
    ignoreIcc: true,
    // `error` refuses truncated files, but not the harmless oddities that `warning` refuses too.
    failOn: 'error',
    limitInputPixels: width * height,
    sequentialRead: true,
  });
  switch (layout) {
    case 'gray16':
      // Pillow cuts 16-bit gray off at 255 instead of scaling it, as giving it out in bytes does.
      return fromGray(await toRaw8(input.pipelineColourspace('grey16').toColourspace('grey16').removeAlpha()));
    case 'cmyk':
      return fromCmyk(await toRaw8(input.pipelineColourspace('cmyk').toColourspace('cmyk')));
    case 'cmyk16':
      return fromCmyk(highBytes(await toRaw16(input.pipelineColourspace('cmyk').toColourspace('cmyk'))));
    case 'premultiplied':
      return fromPremultiplied(await toRaw8(input.toColourspace('srgb')));
    default: {
      const { channels, ...image } = await toRaw8(input.toColourspace('srgb').removeAlpha());
      if (channels !== 3) throw invalidImage(`it came out with ${channels} channels`);
      return image;
    }
  }
}

/** The file, or a copy with one thing changed where libvips would otherwise refuse it or work on its samples. */
function forLibvips(bytes: Uint8Array, { format, layout }: ImageHeader): Uint8Array {
  if (format === 'avif' && Buffer.from(bytes.subarray(8, 12)).toString('latin1') === 'avis') {
    // A sequence holds a still picture as well, its first.
    const copy = Uint8Array.from(bytes);
    copy.set(Buffer.from('avif'), 8);
    return copy;
  }
  if (layout === 'premultiplied') {
    // By alpha of the other kind nothing was multiplied, so that the samples stay as they are.
    const copy = Uint8Array.from(bytes);
    const { extraSampleAt } = readTiffHeader(bytes);
    if (extraSampleAt !== undefined) new DataView(copy.buffer).setUint16(extraSampleAt, UNASSOCIATED_ALPHA, bytes[0] === 0x49);
    return copy;
  }
  return bytes;
}

async function toRaw8(pipeline: Sharp): Promise<Samples<Uint8Array>> {
  const { data, info } = await toRaw(pipeline.raw({ depth: 'uchar' }));
  return { width: info.width, height: info.height, channels: info.channels, data };
}

async function toRaw16(pipeline: Sharp): Promise<Samples<Uint16Array>> {
  const { data, info } = await toRaw(pipeline.raw({ depth: 'ushort' }));
  return {
    width: info.width,
    height: info.height,
    channels: info.channels,
    data: new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2),
  };
}

async function toRaw(pipeline: Sharp): Promise<{ data: Buffer; info: OutputInfo }> {
  try {
    return await pipeline.toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw invalidImage(lastSentence(error), { cause: error });
  }
}

/** libvips tells every mishap on the way, a line each; the last one is what ended it. */
function lastSentence(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  return lines.findLast((line) => /[a-z]{3}/i.test(line))?.slice(0, 200) ?? 'libvips does not say why';
}
