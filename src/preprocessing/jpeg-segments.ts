import { type ByteReader, invalidImage } from './byte-reader.ts';

/** A marker of a JPEG and what belongs to it. */
export interface JpegSegment {
  readonly marker: number;
  /** Where its content begins, behind its length. */
  readonly at: number;
  readonly sizeBytes: number;
}

// Far above what cameras write (an ICC profile or a depth map in some hundred segments); a walk should end all the same.
const MAX_SEGMENTS = 10_000;
const MAX_FILL_BYTES = 1024 * 1024;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;

/**
 * The segments up to the first scan. ITU-T T.81, annex B.
 * @throws OnnxPredictError IMAGE_INVALID
 */
export function readJpegSegments(reader: ByteReader): JpegSegment[] {
  const segments: JpegSegment[] = [];
  let numFillBytes = 0;
  for (let offset = 2; segments.length < MAX_SEGMENTS; ) {
    // Decoders skip what is not a marker, and fill bytes before one.
    while (reader.u8(offset) !== 0xff || reader.u8(offset + 1) === 0xff || reader.u8(offset + 1) === 0) {
      offset += 1;
      numFillBytes += 1;
      if (numFillBytes > MAX_FILL_BYTES) throw invalidImage('it is a JPEG with a megabyte of nothing in it');
    }
    const marker = reader.u8(offset + 1);
    if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return segments;
    const standsAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    const length = standsAlone ? 0 : reader.u16(offset + 2);
    segments.push({ marker, at: offset + 4, sizeBytes: Math.max(0, length - 2) });
    offset += 2 + length;
  }
  throw invalidImage(`it is a JPEG of more than ${MAX_SEGMENTS} segments`);
}

/** Whether this marker begins a frame: baseline, progressive, arithmetic or lossless. */
export function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
