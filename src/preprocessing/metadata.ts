/** Where picture files keep what says how they are to be turned: EXIF, and XMP. */
import { inflateSync } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';
import { readJpegSegments } from './jpeg-segments.ts';

export interface ImageMetadata {
  /** A TIFF structure: EXIF without its `Exif\0\0`. */
  readonly exif: Uint8Array | undefined;
  readonly xmp: Uint8Array | undefined;
}

type Found = { -readonly [key in keyof ImageMetadata]: ImageMetadata[key] };

const APP1 = 0xe1;
const EXIF_SIGNATURE = 'Exif\0\0';
const XMP_SIGNATURE = 'http://ns.adobe.com/xap/1.0/\0';
const XMP_KEYWORD = 'XML:com.adobe.xmp';
/** How ImageMagick kept EXIF before PNG had a chunk for it: hexadecimal digits behind three lines. */
const RAW_EXIF_KEYWORD = 'Raw profile type exif';
const LONGEST_KEYWORD = 79;
/** Pillow's bound too. */
const MAX_TEXT_BYTES = 1024 * 1024;

/** EXIF may go on in a second segment; of several XMP packets the last counts. */
export function findJpegMetadata(reader: ByteReader): ImageMetadata {
  const found: Found = { exif: undefined, xmp: undefined };
  for (const { marker, at, sizeBytes } of readJpegSegments(reader)) {
    if (marker !== APP1) continue;
    if (reader.hasText(at, EXIF_SIGNATURE)) {
      const part = reader.slice(at, sizeBytes).subarray(EXIF_SIGNATURE.length);
      found.exif = found.exif === undefined ? part : Buffer.concat([found.exif, part]);
    } else if (reader.hasText(at, XMP_SIGNATURE)) {
      found.xmp = reader.slice(at, sizeBytes).subarray(XMP_SIGNATURE.length);
    }
  }
  return found;
}

/**
 * The chunks may stand behind the picture, too.
 * @throws OnnxPredictError IMAGE_INVALID for a file that ends before its last chunk
 */
export function findPngMetadata(reader: ByteReader): ImageMetadata {
  const found: Found = { exif: undefined, xmp: undefined };
  let rawExif: Uint8Array | undefined;
  // Length, name, content, checksum.
  for (let at = 8; !reader.hasText(at + 4, 'IEND'); ) {
    const sizeBytes = reader.u32(at);
    if (reader.hasText(at + 4, 'eXIf')) found.exif = reader.slice(at + 8, sizeBytes);
    else if (reader.hasText(at + 5, 'TXt') || reader.hasText(at + 5, 'EXt')) {
      const kind = String.fromCharCode(reader.u8(at + 4));
      const text = reader.slice(at + 8, sizeBytes);
      found.xmp = readText(kind, text, XMP_KEYWORD) ?? found.xmp;
      rawExif = readText(kind, text, RAW_EXIF_KEYWORD) ?? rawExif;
    }
    at += 12 + sizeBytes;
  }
  found.exif ??= rawExif === undefined ? undefined : fromHexProfile(rawExif);
  return found;
}

/** Only the extended form (VP8X) has them. */
export function findWebpMetadata(reader: ByteReader): ImageMetadata {
  const found: Found = { exif: undefined, xmp: undefined };
  if (!reader.hasText(12, 'VP8X')) return found;
  for (let at = 12; at + 8 <= reader.bytes.length; ) {
    const sizeBytes = reader.u32(at + 4);
    if (at + 8 + sizeBytes > reader.bytes.length) break;
    if (reader.hasText(at, 'EXIF')) found.exif ??= reader.slice(at + 8, sizeBytes);
    else if (reader.hasText(at, 'XMP ')) found.xmp ??= reader.slice(at + 8, sizeBytes);
    at += 8 + sizeBytes + (sizeBytes % 2);
  }
  return found;
}

/** The text of a PNG's tEXt, zTXt or iTXt chunk if it has this keyword and can be read. */
function readText(kind: string, chunk: Uint8Array, keyword: string): Uint8Array | undefined {
  const keywordEnd = chunk.subarray(0, LONGEST_KEYWORD + 1).indexOf(0);
  if (Buffer.from(chunk.subarray(0, Math.max(0, keywordEnd))).toString('latin1') !== keyword) return undefined;
  const rest = chunk.subarray(keywordEnd + 1);
  if (kind === 't') return rest;
  if (kind === 'z') return rest[0] === 0 ? inflate(rest.subarray(1)) : undefined;
  if (kind !== 'i') return undefined;
  // Compression flag and method, language, translated keyword, text.
  const languageEnd = rest.indexOf(0, 2);
  const translationEnd = languageEnd < 0 ? -1 : rest.indexOf(0, languageEnd + 1);
  if (translationEnd < 0) return undefined;
  const text = rest.subarray(translationEnd + 1);
  if (rest[0] === 0) return text;
  return rest[1] === 0 ? inflate(text) : undefined;
}

function inflate(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_TEXT_BYTES });
  } catch {
    // Damaged or endless: a picture can be seen without it.
    return undefined;
  }
}

function fromHexProfile(text: Uint8Array): Uint8Array {
  const digits = Buffer.from(text.subarray(0, MAX_TEXT_BYTES)).toString('latin1').split('\n').slice(3).join('');
  return Buffer.from(digits, 'hex');
}
