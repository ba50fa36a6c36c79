import { Refusal } from '../refusal.ts';
import { tooLarge } from './request-body.ts';

const DATA_URL = /^data:[^,]{0,256},/;
const BASE64 = /^[A-Za-z0-9+/_\-\s]*={0,2}\s*$/;
/** Enough of a text to see that it has no words. */
const SEEN_LENGTH = 64;
const NO_WORDS = /^[A-Za-z0-9+/_-]{64}$/;
/** How the files of JPEG, PNG, GIF, WebP, BMP and TIFF begin, in base64. */
const SIGNATURES = ['/9j/', 'iVBORw0KGgo', 'R0lGOD', 'UklGR', 'Qk', 'SUkqA', 'TU0AK'];

/** Whether a string can only be meant as a picture: an address `data:`, or base64 that begins as the files of pictures do. */
export function isBase64Picture(text: string): boolean {
  if (DATA_URL.test(text.slice(0, 300))) return true;
  return SIGNATURES.some((signature) => text.startsWith(signature)) && NO_WORDS.test(text.slice(0, SEEN_LENGTH));
}

/**
 * The bytes of a picture in base64, with or without a prefix as `data:image/png;base64,`.
 * @throws Refusal 400, 413
 */
export function decodePicture(text: string, { name, maxBytes }: { readonly name: string; readonly maxBytes: number }): Buffer {
  const [prefix = ''] = DATA_URL.exec(text.slice(0, 300)) ?? [];
  const encoded = text.slice(prefix.length);
  if (prefix !== '' && !/;base64,$/i.test(prefix)) throw new Refusal(400, `${name}: a data: address must be in base64`);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length === 0 || !isWhole(encoded, bytes)) throw new Refusal(400, `${name}: must be a picture in base64`);
  if (bytes.length > maxBytes) throw tooLarge('file', maxBytes);
  return bytes;
}

/** Node leaves out what is no base64: as a rule the length tells, and looking at every character, which takes long, is not needed. */
function isWhole(encoded: string, { length }: Buffer): boolean {
  const numPads = /=*$/.exec(encoded.slice(-3))![0].length;
  const isPlain = numPads < 3 && length === Math.floor(((encoded.length - numPads) * 3) / 4);
  return isPlain || BASE64.test(encoded);
}

/** What a picture of so many bytes may be long in base64, with a prefix and line ends. */
export function maxBase64Length(maxBytes: number): number {
  return Math.ceil((maxBytes / 3) * 4 * 1.03) + 1024;
}
