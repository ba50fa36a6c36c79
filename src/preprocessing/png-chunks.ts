import { ByteReader } from './byte-reader.ts';

const SIGNATURE = '\x89PNG\r\n\x1a\n';
/** Of a chunk: its length, its type and its checksum. */
const FRAME_BYTES = 12;

/** Whether a file is a PNG whose last chunk is not there in full (PNG, 5.3). */
export function isCutOffPng(bytes: Uint8Array): boolean {
  const reader = new ByteReader(bytes, { littleEndian: false });
  if (!reader.hasText(0, SIGNATURE)) return false;
  let at = SIGNATURE.length;
  while (at + FRAME_BYTES <= bytes.length && !reader.hasText(at + 4, 'IEND')) at += FRAME_BYTES + reader.u32(at);
  return at + FRAME_BYTES > bytes.length;
}
