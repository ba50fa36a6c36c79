import { invalidImage } from './byte-reader.ts';

const SPACES: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d]);
const HASH = 0x23;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ZERO = 0x30;
const MAX_DIGITS = 10;

export function isPnmSpace(byte: number | undefined): boolean {
  return SPACES.has(byte);
}

/** Decimal numbers between white space and comments. */
export class PnmTokens {
  readonly #bytes: Uint8Array;
  /** Behind the white space that ended the last token. */
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** @throws OnnxPredictError IMAGE_INVALID */
  number(): number {
    let value = 0;
    let numDigits = 0;
    while (this.at < this.#bytes.length) {
      const byte = this.#bytes[this.at++]!;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        numDigits += 1;
        if (numDigits > MAX_DIGITS) throw invalidImage(`it has a number of more than ${MAX_DIGITS} digits`);
      } else if (byte === HASH) {
        this.#skipLine();
      } else if (!isPnmSpace(byte)) {
        throw invalidImage('it has something else where a number should be');
      } else if (numDigits > 0) {
        return value;
      }
    }
    if (numDigits === 0) throw invalidImage('it is cut off');
    return value;
  }

  /** One 0 or 1; plain bitmaps need no space between them. */
  bit(): number {
    while (this.at < this.#bytes.length) {
      const byte = this.#bytes[this.at++]!;
      if (byte === ZERO || byte === ZERO + 1) return byte - ZERO;
      if (byte === HASH) this.#skipLine();
      else if (!isPnmSpace(byte)) throw invalidImage('it has something else where 0 or 1 should be');
    }
    throw invalidImage('it is cut off');
  }

  #skipLine(): void {
    while (this.at < this.#bytes.length) {
      const byte = this.#bytes[this.at++];
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return;
    }
  }
}
