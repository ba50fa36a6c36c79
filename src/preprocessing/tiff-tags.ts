import { ByteReader, invalidImage } from './byte-reader.ts';

/** One tag of a TIFF: its first value, and where its values are. */
interface TiffTag {
  readonly value: number;
  readonly at: number;
  readonly sizeBytes: number;
  /** Where its entry stands in the directory. */
  readonly entryAt: number;
}

/** The first directory of a TIFF: its first picture. */
export interface TiffDirectory {
  readonly reader: ByteReader;
  /** BigTIFF, which has 64-bit places and counts. */
  readonly isBig: boolean;
  readonly tags: ReadonlyMap<number, TiffTag>;
}

const LITTLE_ENDIAN = 0x49;
const BIG_TIFF = 43;
const MAX_TAGS = 4096;
/** Sizes of the types whose values are read: BYTE, SHORT, LONG, UNDEFINED, LONG8. */
const TYPE_SIZES = new Map([
  [1, 1],
  [3, 2],
  [4, 4],
  [7, 1],
  [16, 8],
]);

/** How long an entry is: tag, type, count, and its values or, where they do not fit, where they are. */
export function entryBytes(isBig: boolean): number {
  return isBig ? 20 : 12;
}

/** @throws OnnxPredictError IMAGE_INVALID */
export function readTiffDirectory(bytes: Uint8Array): TiffDirectory {
  const reader = new ByteReader(bytes, { littleEndian: bytes[0] === LITTLE_ENDIAN });
  const isBig = reader.u16(2) === BIG_TIFF;
  const directory = isBig ? reader.u64(8) : reader.u32(4);
  const numEntries = isBig ? reader.u64(directory) : reader.u16(directory);
  if (numEntries > MAX_TAGS) throw invalidImage(`it is a TIFF with ${numEntries} tags`);
  const tags = new Map<number, TiffTag>();
  for (let index = 0; index < numEntries; index++) {
    const entryAt = directory + (isBig ? 8 : 2) + index * entryBytes(isBig);
    const tag = readTag(reader, entryAt, isBig);
    if (tag !== undefined) tags.set(reader.u16(entryAt), tag);
  }
  return { reader, isBig, tags };
}

function readTag(reader: ByteReader, entryAt: number, isBig: boolean): TiffTag | undefined {
  const valueBytes = TYPE_SIZES.get(reader.u16(entryAt + 2));
  const count = isBig ? reader.u64(entryAt + 4) : reader.u32(entryAt + 4);
  if (valueBytes === undefined || count === 0) return undefined;
  const sizeBytes = valueBytes * count;
  const field = entryAt + (isBig ? 12 : 8);
  const isInline = sizeBytes <= (isBig ? 8 : 4);
  const at = isInline ? field : isBig ? reader.u64(field) : reader.u32(field);
  return { value: readValue(reader, at, valueBytes), at, sizeBytes, entryAt };
}

function readValue(reader: ByteReader, at: number, valueBytes: number): number {
  if (valueBytes === 1) return reader.u8(at);
  if (valueBytes === 2) return reader.u16(at);
  return valueBytes === 4 ? reader.u32(at) : reader.u64(at);
}
