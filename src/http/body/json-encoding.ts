const BOMS = [
  ['utf-32le', [0xff, 0xfe, 0, 0]],
  ['utf-32be', [0, 0, 0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;

const FIRST_ASTRAL = 0x10000;
const MAX_CODE_POINT = 0x10ffff;

/**
 * Reads bytes as Python's `json.loads` does, which looks at the zeros among the first ones: JSON begins with ASCII.
 * @throws TypeError for bytes that are no text in that encoding
 */
export function decodeJsonText(bytes: Buffer): string {
  for (const [encoding, bom] of BOMS) {
    if (bom.every((byte, i) => bytes[i] === byte)) return decode(bytes.subarray(bom.length), encoding);
  }
  return decode(bytes, detectEncoding(bytes));
}

function detectEncoding(bytes: Buffer): string {
  const [a, b, c, d] = bytes;
  if (bytes.length >= 4) {
    if (a === 0) return b === 0 ? 'utf-32be' : 'utf-16be';
    if (b === 0) return c === 0 && d === 0 ? 'utf-32le' : 'utf-16le';
  } else if (bytes.length === 2) {
    if (a === 0) return 'utf-16be';
    if (b === 0) return 'utf-16le';
  }
  return 'utf-8';
}

function decode(bytes: Buffer, encoding: string): string {
  if (encoding === 'utf-32le' || encoding === 'utf-32be') return decodeUtf32(bytes, encoding === 'utf-32le');
  // A byte order mark of UTF-8 is dropped; elsewhere it was.
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: encoding !== 'utf-8' }).decode(bytes);
}

function decodeUtf32(bytes: Buffer, littleEndian: boolean): string {
  if (bytes.length % 4 !== 0) throw new TypeError('UTF-32 comes in fours.');
  const units = Buffer.alloc(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const codePoint = littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    if (codePoint > MAX_CODE_POINT) throw new TypeError('Unicode ends at U+10FFFF.');
    if (codePoint >= FIRST_ASTRAL) length = units.writeUInt16LE(0xd7c0 + (codePoint >> 10), length);
    length = units.writeUInt16LE(codePoint < FIRST_ASTRAL ? codePoint : 0xdc00 + (codePoint & 0x3ff), length);
  }
  return units.toString('utf16le', 0, length);
}
