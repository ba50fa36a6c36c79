/** Picture files to pixels, as Pillow's `exif_transpose(image).convert('RGB')` gives them. The one file that imports sharp. */
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import { ByteReader, invalidImage } from './byte-reader.ts';
import { decodeBmp } from './decode-bmp.ts';
import { decodeIcoBitmap, readIcoFrame } from './decode-ico.ts';
import { decodePnm } from './decode-pnm.ts';
import { fillSurround, readGifLayout, withoutTransparency } from './gif-layout.ts';
import { checkPixelLimit, type ImageHeader, readImageHeader } from './image-header.ts';
import type { RgbImage } from './rgb-image.ts';

// A picture is decoded once: libvips' cache of operations would only hold memory.
sharp.cache(false);

/**
 * Decodes the first frame, turned upright by its EXIF orientation; alpha and colour profiles are dropped. Bit-equal with Pillow
 * but for AVIF, whose decoder differs by a level or two.
 * @throws OnnxPredictError IMAGE_UNSUPPORTED, IMAGE_INVALID, or IMAGE_TOO_LARGE before anything is decoded
 */
export async function decodeImage(bytes: Uint8Array, { maxPixels }: { readonly maxPixels: number }): Promise<RgbImage> {
  const header = readImageHeader(bytes);
  checkPixelLimit(header, maxPixels);
  switch (header.format) {
    case 'bmp':
      return decodeBmp(bytes);
    case 'pnm':
      return decodePnm(bytes);
    case 'ico': {
      const reader = new ByteReader(bytes, { littleEndian: true });
      const frame = readIcoFrame(reader);
      return frame.kind === 'bmp' ? decodeIcoBitmap(reader, frame) : decodeBySharp(frame.bytes, header);
    }
    case 'gif': {
      const layout = readGifLayout(bytes);
      const image = await decodeBySharp(withoutTransparency(bytes, layout), header);
      fillSurround(image, layout);
      return image;
    }
    default:
      return decodeBySharp(bytes, header);
  }
}

async function decodeBySharp(bytes: Uint8Array, { layout, width, height }: ImageHeader): Promise<RgbImage> {
  const input = sharp(bytes, {
    // A colour profile would change the samples, which the models were not trained on.
    ignoreIcc: true,
    // `error` refuses truncated files, but not the harmless oddities that `warning` refuses too.
    failOn: 'error',
    limitInputPixels: width * height,
    sequentialRead: true,
  }).autoOrient();
  if (layout === 'gray16') {
    const { data, info } = await toRaw(
      input.pipelineColourspace('grey16').toColourspace('grey16').removeAlpha().raw({ depth: 'ushort' }),
    );
    return fromGray16(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2), info);
  }
  if (layout !== 'usual') {
    const { data, info } = await toRaw(input.pipelineColourspace('cmyk').toColourspace('cmyk').raw({ depth: 'uchar' }));
    return fromCmyk(data, info, layout === 'inverted-cmyk');
  }
  const { data, info } = await toRaw(input.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' }));
  if (info.channels !== 3) throw invalidImage(`it came out with ${info.channels} channels`);
  return { width: info.width, height: info.height, data };
}

async function toRaw(pipeline: Sharp): Promise<{ data: Buffer; info: OutputInfo }> {
  try {
    return await pipeline.toBuffer({ resolveWithObject: true });
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).trim().split('\n', 1);
    throw invalidImage(`${reason}`, { cause: error });
  }
}

/** Pillow cuts 16-bit gray off at 255 instead of scaling it. samples: [height, width, channels] */
function fromGray16(samples: Uint16Array, { width, height, channels }: OutputInfo): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++)
    data.fill(Math.min(255, samples[pixel * channels]!), pixel * 3, pixel * 3 + 3);
  return { width, height, data };
}

/** `cmyk2rgb` of Pillow's Convert.c. samples: [height, width, channels], channels from the fifth on being extra */
function fromCmyk(samples: Uint8Array, { width, height, channels }: OutputInfo, inverted: boolean): RgbImage {
  if (channels < 4) throw invalidImage(`it is a CMYK picture of ${channels} channels`);
  const data = new Uint8Array(width * height * 3);
  const invert = inverted ? 255 : 0;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    const notBlack = 255 - (samples[from + 3]! ^ invert);
    for (let channel = 0; channel < 3; channel++) {
      const product = (samples[from + channel]! ^ invert) * notBlack + 128;
      data[pixel * 3 + channel] = notBlack - (((product >> 8) + product) >> 8);
    }
  }
  return { width, height, data };
}
