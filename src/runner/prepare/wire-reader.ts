import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { OnnxPredictError } from '../../errors.ts';

const WINDOW_BYTES = 256 * 1024;
const MAX_SHIFT = 63n;

/** A part of a file. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** One field of a protobuf message: a number, or a range of the file that holds a string, bytes or a message. */
export interface WireField {
  readonly number: number;
  readonly value: bigint | FileRange;
}

/** Reads protobuf messages out of a file without holding it: what is large stays where it is. */
export interface WireReader {
  /** The whole file, as one message. */
  readonly whole: FileRange;
  /**
   * The fields of a message, in their order. Groups, which ONNX never uses, are refused.
   * @throws OnnxPredictError MODEL_INVALID
   */
  fields(range: FileRange): Generator<WireField>;
  /** A range's own bytes, copied. */
  bytes(range: FileRange): Uint8Array;
  text(range: FileRange): string;
  /** The numbers of a packed repeated field of varints. */
  varints(range: FileRange): bigint[];
  close(): void;
}

/** Opens a file of one message; its size is taken as it is now. */
export function openWireReader(path: string): WireReader {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  const window = Buffer.alloc(WINDOW_BYTES);
  let windowStart = 0;
  let windowEnd = 0;

  function damaged(): OnnxPredictError {
    return new OnnxPredictError('MODEL_INVALID', `${path} is not a readable ONNX file: it ends early or is damaged.`);
  }

  function byteAt(offset: number): number {
    if (offset >= size) throw damaged();
    if (offset < windowStart || offset >= windowEnd) {
      windowStart = offset;
      windowEnd = offset + readSync(file, window, 0, WINDOW_BYTES, offset);
      if (offset >= windowEnd) throw damaged();
    }
    return window[offset - windowStart]!;
  }

  function varint(offset: number): { readonly value: bigint; readonly end: number } {
    let value = 0n;
    let end = offset;
    for (let shift = 0n; shift <= MAX_SHIFT; shift += 7n) {
      const byte = byteAt(end++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return { value: BigInt.asIntN(64, value), end };
    }
    throw damaged();
  }

  function bytes({ offset, length }: FileRange): Uint8Array {
    if (length > size - offset) throw damaged();
    // Of its own memory, so that it can be seen as numbers of any size.
    const result = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const read = readSync(file, result, done, length - done, offset + done);
      if (read === 0) throw damaged();
      done += read;
    }
    return result;
  }

  function fixed(offset: number, length: number): bigint {
    const view = new DataView(bytes({ path, offset, length }).buffer);
    return length === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
  }

  function* fields({ offset, length }: FileRange): Generator<WireField> {
    const end = offset + length;
    let at = offset;
    while (at < end) {
      const tag = varint(at);
      const number = Number(tag.value >> 3n);
      const kind = Number(tag.value & 7n);
      at = tag.end;
      if (kind === 0) {
        const { value, end: after } = varint(at);
        at = after;
        yield { number, value };
      } else if (kind === 2) {
        const { value, end: start } = varint(at);
        if (value < 0n || value > BigInt(end - start)) throw damaged();
        at = start + Number(value);
        yield { number, value: { path, offset: start, length: Number(value) } };
      } else if (kind === 1 || kind === 5) {
        const width = kind === 1 ? 8 : 4;
        yield { number, value: fixed(at, width) };
        at += width;
      } else throw damaged();
    }
    if (at !== end) throw damaged();
  }

  return {
    whole: { path, offset: 0, length: size },
    fields,
    bytes,
    text: (range) => Buffer.from(bytes(range)).toString('utf8'),
    varints({ offset, length }) {
      const values: bigint[] = [];
      for (let at = offset; at < offset + length; ) {
        const { value, end } = varint(at);
        values.push(value);
        at = end;
      }
      return values;
    },
    close: () => closeSync(file),
  };
}
