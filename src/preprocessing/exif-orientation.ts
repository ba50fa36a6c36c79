/** How a picture has to be turned to stand upright, as Pillow's `exif_transpose` finds it. */
import { ByteReader } from './byte-reader.ts';
import type { ImageMetadata } from './metadata.ts';

/** As EXIF numbers them: 1 is upright; 5 to 8 exchange width and height. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 274;
const ENTRY_BYTES = 12;
/** EXIF's integers: how many bytes each has. */
const INTEGER_SIZES = new Map([
  [3, 2],
  [4, 4],
  [8, 2],
  [9, 4],
]);
const EXIF_SIGNATURE = 'Exif\0\0';

/** EXIF decides; XMP counts only where EXIF does not know the tag. Damaged metadata turn nothing. */
export function readOrientation({ exif, xmp }: ImageMetadata): Orientation {
  const fromExif = exif === undefined ? undefined : readExifOrientation(exif);
  if (fromExif !== undefined) return toOrientation(fromExif);
  const match = xmp === undefined ? null : /tiff:Orientation(?:="|>)([0-9])/.exec(Buffer.from(xmp).toString('latin1'));
  return toOrientation(Number(match?.[1] ?? 1));
}

/** Any other number means nothing. */
export function toOrientation(value: number): Orientation {
  return value >= 1 && value <= 8 && Number.isInteger(value) ? (value as Orientation) : 1;
}

/** The first directory's tag; the last one of several. */
function readExifOrientation(exif: Uint8Array): number | undefined {
  let bytes = exif;
  while (new ByteReader(bytes, { littleEndian: true }).hasText(0, EXIF_SIGNATURE)) bytes = bytes.subarray(EXIF_SIGNATURE.length);
  const littleEndian = bytes[0] === 0x49 && bytes[1] === 0x49;
  const bigEndian = bytes[0] === 0x4d && bytes[1] === 0x4d;
  if (bytes.length < 8 || !(littleEndian || bigEndian)) return undefined;
  const reader = new ByteReader(bytes, { littleEndian });
  const directory = reader.u32(4);
  let found: number | undefined;
  if (directory + 2 > bytes.length) return undefined;
  const numEntries = reader.u16(directory);
  for (let index = 0; index < numEntries; index++) {
    const entry = directory + 2 + index * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > bytes.length) break;
    if (reader.u16(entry) === ORIENTATION_TAG) found = firstInteger(reader, entry) ?? found;
  }
  return found;
}

function firstInteger(reader: ByteReader, entry: number): number | undefined {
  const size = INTEGER_SIZES.get(reader.u16(entry + 2));
  const count = reader.u32(entry + 4);
  // A tag of another type is there, and means nothing.
  if (size === undefined) return 0;
  if (count === 0) return undefined;
  const at = size * count <= 4 ? entry + 8 : reader.u32(entry + 8);
  if (at + size * count > reader.bytes.length) return undefined;
  return size === 2 ? reader.u16(at) : reader.u32(at);
}
