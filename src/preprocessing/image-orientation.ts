import { ByteReader } from './byte-reader.ts';
import { type Orientation, readOrientation } from './exif-orientation.ts';
import type { ImageFormat } from './image-header.ts';
import { findJpegMetadata, findPngMetadata, findWebpMetadata } from './metadata.ts';
import { readTiffHeader } from './tiff-header.ts';

/** How the decoded pixels of a picture, whose header has been read, are to be turned. */
export function readImageOrientation(bytes: Uint8Array, format: ImageFormat): Orientation {
  switch (format) {
    case 'jpeg':
      return readOrientation(findJpegMetadata(new ByteReader(bytes, { littleEndian: false })));
    case 'png':
      return readOrientation(findPngMetadata(new ByteReader(bytes, { littleEndian: false })));
    case 'webp':
      return readOrientation(findWebpMetadata(new ByteReader(bytes, { littleEndian: true })));
    case 'tiff':
      return readTiffHeader(bytes).orientation;
    default:
      // AVIF is turned as it is decoded; the others cannot be turned.
      return 1;
  }
}
