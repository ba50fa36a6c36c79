/** The first frame of a GIF, as Pillow's GifImagePlugin shows it: what is transparent keeps its colour. */
import { invalidImage, truncatedImage } from './byte-reader.ts';
import { type GifFrame, readGifFrame } from './gif-frame.ts';
import type { RgbImage } from './rgb-image.ts';

const MAX_CODE_BITS = 12;
const MAX_CODES = 1 << MAX_CODE_BITS;

/** Decodes a picture whose size has been checked against the pixel limit. */
export function decodeGif(bytes: Uint8Array): RgbImage {
  const frame = readGifFrame(bytes);
  const indices = decodeIndices(bytes, frame);
  const { width, height, left, top, frameWidth, frameHeight, colors, surround } = frame;
  const data = new Uint8Array(width * height * 3);
  if (frameWidth < width || frameHeight < height) fillWith(data, colors.subarray(surround * 3, surround * 3 + 3));
  const order = rowOrder(frameHeight, frame.interlaced);
  for (let row = 0; row < frameHeight; row++) {
    let from = row * frameWidth;
    let to = ((top + order[row]!) * width + left) * 3;
    for (let x = 0; x < frameWidth; x++) {
      const color = indices[from++]! * 3;
      data[to++] = colors[color]!;
      data[to++] = colors[color + 1]!;
      data[to++] = colors[color + 2]!;
    }
  }
  return { width, height, data };
}

function fillWith(data: Uint8Array, color: Uint8Array): void {
  if (color[0] === color[1] && color[1] === color[2]) data.fill(color[0]!);
  else for (let at = 0; at < data.length; at += 3) data.set(color, at);
}

/** Which row of the frame each row of the file is. [height] */
function rowOrder(height: number, interlaced: boolean): Int32Array {
  if (!interlaced) return Int32Array.from({ length: height }, (_, row) => row);
  const rows: number[] = [];
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let row = start; row < height; row += step) rows.push(row);
  }
  return Int32Array.from(rows);
}

/** Undoes GIF's LZW. [frameHeight, frameWidth], rows in the file's order */
function decodeIndices(bytes: Uint8Array, { dataAt, frameWidth, frameHeight }: GifFrame): Uint8Array {
  const indices = new Uint8Array(frameWidth * frameHeight);
  const firstBits = bytes[dataAt]!;
  if (!(firstBits >= 1 && firstBits <= 8)) throw invalidImage(`it is a GIF with codes of ${firstBits} bits`);
  const clear = 1 << firstBits;
  const table = {
    prefixes: new Uint16Array(MAX_CODES),
    suffixes: new Uint8Array(MAX_CODES),
    lengths: new Uint16Array(MAX_CODES),
  };
  for (let code = 0; code < clear; code++) {
    table.suffixes[code] = code;
    table.lengths[code] = 1;
  }
  const codes = new CodeReader(bytes, dataAt + 1);
  let bits = firstBits + 1;
  let numCodes = clear + 2;
  let previous = -1;
  let at = 0;
  while (at < indices.length) {
    const code = codes.next(bits);
    if (code === clear) {
      bits = firstBits + 1;
      numCodes = clear + 2;
      previous = -1;
      continue;
    }
    if (code === clear + 1) throw invalidImage('it is a GIF that ends before its last pixel');
    if (code > numCodes || (code === numCodes && previous < 0) || (previous < 0 && code >= clear)) {
      throw invalidImage('it is a GIF with a code that means nothing');
    }
    // A code that is only just being defined: the string before it and its own first index.
    const isNew = code === numCodes;
    const string = isNew ? previous : code;
    const first = writeString(table, string, indices, at);
    at += table.lengths[string]!;
    if (isNew && at < indices.length) indices[at] = first;
    if (isNew) at += 1;
    if (previous >= 0 && numCodes < MAX_CODES) {
      table.prefixes[numCodes] = previous;
      table.suffixes[numCodes] = first;
      table.lengths[numCodes] = table.lengths[previous]! + 1;
      numCodes += 1;
      if (numCodes === 1 << bits && bits < MAX_CODE_BITS) bits += 1;
    }
    previous = code;
  }
  return indices;
}

interface CodeTable {
  /** The code of the string without its last index. */
  readonly prefixes: Uint16Array;
  readonly suffixes: Uint8Array;
  readonly lengths: Uint16Array;
}

/** Writes the indices that a code stands for, as many as have room, and gives the first. */
function writeString({ prefixes, suffixes, lengths }: CodeTable, code: number, indices: Uint8Array, at: number): number {
  let current = code;
  for (let place = at + lengths[code]! - 1; place > at; place--) {
    if (place < indices.length) indices[place] = suffixes[current]!;
    current = prefixes[current]!;
  }
  indices[at] = suffixes[current]!;
  return suffixes[current]!;
}

/** Reads codes of changing length, lowest bit first, over the borders of blocks. */
class CodeReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #left = 0;
  #buffer = 0;
  #numBits = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  next(bits: number): number {
    while (this.#numBits < bits) {
      if (this.#left === 0) this.#enterBlock();
      this.#buffer |= this.#bytes[this.#at++]! << this.#numBits;
      this.#numBits += 8;
      this.#left -= 1;
    }
    const code = this.#buffer & ((1 << bits) - 1);
    this.#buffer >>>= bits;
    this.#numBits -= bits;
    return code;
  }

  /** As in Pillow, a block that is not there in full is not read at all. */
  #enterBlock(): void {
    const left = this.#bytes[this.#at] ?? 0;
    if (this.#at + left >= this.#bytes.length) throw truncatedImage(this.#bytes.length - this.#at);
    if (left === 0) throw invalidImage('it is a GIF that ends before its last pixel');
    this.#at += 1;
    this.#left = left;
  }
}
