import { OnnxPredictError } from '../errors.ts';
import type { ByteReader } from './byte-reader.ts';

/** Kinds of files that people take for pictures, by what stands at a place near their start. */
const REFUSED: readonly (readonly [offset: number, text: string, name: string])[] = [
  [0, '%PDF', 'a PDF document'],
  [0, '%!PS', 'a PostScript file'],
  [0, '8BPS', 'a Photoshop document'],
  [0, 'gimp xcf', 'a GIMP document'],
  [4, 'ftyphei', 'a HEIC picture'],
  [4, 'ftyphev', 'a HEIC picture'],
  [4, 'ftypmif1', 'a HEIF picture'],
  [4, 'ftypmsf1', 'a HEIF picture'],
  [4, 'ftypcrx ', 'a Canon raw picture'],
  [4, 'ftyp', 'a video'],
  [0, '\x1aE\xdf\xa3', 'a video'],
  [0, '\0\0\0\x0cjP  ', 'a JPEG 2000 picture'],
  [0, '\xff\x4f\xff\x51', 'a JPEG 2000 picture'],
  [0, '\0\0\0\x0cJXL ', 'a JPEG XL picture'],
  [0, '\xff\x0a', 'a JPEG XL picture'],
  [0, 'DDS ', 'a DirectDraw surface'],
  [0, 'v/1\x01', 'an OpenEXR picture'],
  [0, '#?RADIANCE', 'a Radiance picture'],
  [0, 'PK\x03\x04', 'a ZIP archive'],
  [0, '\x1f\x8b', 'a gzip archive'],
  [0, '\x7fELF', 'a program'],
  [0, 'MZ', 'a program'],
];
const READ = 'JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP, ICO and PNM are read';

/** The refusal of bytes that are none of the pictures that are read, saying what they are where that can be told. */
export function refuseByName(reader: ByteReader): OnnxPredictError {
  if (reader.bytes.length === 0) return refusal('The file is empty.');
  const known = REFUSED.find(([offset, text]) => reader.hasText(offset, text));
  const name = known?.[2] ?? textKind(reader.bytes);
  if (name === undefined) return refusal(`This is no picture of a known kind (${READ}).`);
  return refusal(`This is ${name}, which is not read: convert it to PNG or JPEG (${READ}).`);
}

function refusal(message: string): OnnxPredictError {
  return new OnnxPredictError('IMAGE_UNSUPPORTED', message);
}

function textKind(bytes: Uint8Array): string | undefined {
  const start = decodeText(bytes.subarray(0, 1024)).trimStart().toLowerCase();
  if (/^(<\?xml|<!--|<!doctype svg|<svg)/.test(start) && start.includes('<svg')) return 'an SVG drawing';
  if (/^(<!doctype html|<html|<head|<body)/.test(start)) return 'a web page';
  if (start.startsWith('<?xml')) return 'an XML document';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what makes it a text
  return /[\u0000-\u0008\u000e-\u001f]/.test(start) ? undefined : 'a text';
}

/** By its byte order mark, or a byte a character; the mark is left out. */
function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('latin1').decode(bytes).replace(/^\xef\xbb\xbf/, '');
}
