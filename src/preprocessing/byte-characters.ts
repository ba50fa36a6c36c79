/**
 * The character that stands for each byte in the vocabularies of byte-level BPE (GPT-2's `bytes_to_unicode`): printable bytes stand
 * for themselves, the others are moved behind U+0100.
 */
export function byteCharacters(): readonly string[] {
  let numMoved = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(isPrintable ? byte : 0x100 + numMoved++);
  });
}
