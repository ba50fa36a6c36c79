import { type ByteReader, invalidImage } from './byte-reader.ts';

/** A device-independent bitmap's header, as BMP files and icons hold it. */
export interface BmpHeader {
  readonly headerBytes: number;
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bitsPerPixel: number;
  readonly compression: number;
  /** 0 means all that the pixels can name. */
  readonly numColors: number;
}

/** BITMAPCOREHEADER, which has 16-bit sizes. */
export const CORE_HEADER_BYTES = 12;
const HEADER_SIZES = [CORE_HEADER_BYTES, 40, 52, 56, 64, 108, 124];

/** The size of the bitmap whose header stands at `offset`. */
export function readBmpSize(reader: ByteReader, offset: number): { readonly width: number; readonly height: number } {
  const { width, height } = readBmpHeader(reader, offset);
  return { width, height };
}

/** @throws OnnxPredictError IMAGE_INVALID */
export function readBmpHeader(reader: ByteReader, offset: number): BmpHeader {
  const headerBytes = reader.u32(offset);
  if (!HEADER_SIZES.includes(headerBytes)) throw invalidImage(`it is a BMP with a header of ${headerBytes} bytes, which is none`);
  if (headerBytes === CORE_HEADER_BYTES) {
    return {
      headerBytes,
      width: reader.u16(offset + 4),
      height: reader.u16(offset + 6),
      topDown: false,
      bitsPerPixel: reader.u16(offset + 10),
      compression: 0,
      numColors: 0,
    };
  }
  const height = reader.i32(offset + 8);
  return {
    headerBytes,
    width: Math.max(0, reader.i32(offset + 4)),
    height: Math.abs(height),
    topDown: height < 0,
    bitsPerPixel: reader.u16(offset + 14),
    compression: reader.u32(offset + 16),
    numColors: reader.u32(offset + 32),
  };
}
