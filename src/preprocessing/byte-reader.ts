import { OnnxPredictError } from '../errors.ts';

/** Reads numbers at given places of a picture's bytes; none of them is ever read from outside. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, options: { readonly littleEndian: boolean }) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.littleEndian = options.littleEndian;
  }

  u8(offset: number): number {
    return this.#view.getUint8(this.#checked(offset, 1));
  }
  u16(offset: number): number {
    return this.#view.getUint16(this.#checked(offset, 2), this.littleEndian);
  }
  u24(offset: number): number {
    return this.u16(offset) + this.u8(offset + 2) * 0x10000;
  }
  u32(offset: number): number {
    return this.#view.getUint32(this.#checked(offset, 4), this.littleEndian);
  }
  i32(offset: number): number {
    return this.#view.getInt32(this.#checked(offset, 4), this.littleEndian);
  }
  /** @throws OnnxPredictError IMAGE_INVALID if the file is too large to have such an offset */
  u64(offset: number): number {
    const value = Number(this.#view.getBigUint64(this.#checked(offset, 8), this.littleEndian));
    return this.#checked(value, 0);
  }
  /** `length` bytes from `offset`, not copied. */
  slice(offset: number, length: number): Uint8Array {
    this.#checked(offset, length);
    return this.bytes.subarray(offset, offset + length);
  }
  /** Whether these ASCII characters stand at `offset`. */
  hasText(offset: number, text: string): boolean {
    if (offset + text.length > this.bytes.length) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[offset + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  #checked(offset: number, length: number): number {
    if (offset >= 0 && offset + length <= this.bytes.length) return offset;
    throw invalidImage(`it points to byte ${offset} of ${this.bytes.length}: it is cut off or damaged`);
  }
}

/** A picture that cannot be decoded, and why. */
export function invalidImage(reason: string, options?: ErrorOptions): OnnxPredictError {
  return new OnnxPredictError('IMAGE_INVALID', `The picture cannot be decoded: ${reason}. Save or fetch it again.`, options);
}

/** A picture whose file ends too early, in Pillow's words, which callers of the HTTP API may know. */
export function truncatedImage(unreadBytes?: number): OnnxPredictError {
  const unread = unreadBytes === undefined ? '' : ` (${unreadBytes} bytes not processed)`;
  return new OnnxPredictError('IMAGE_INVALID', `image file is truncated${unread}`);
}
