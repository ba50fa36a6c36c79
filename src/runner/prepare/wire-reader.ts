import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { OnnxPredictError } from '../../errors.ts';

const WINDOW_BYTES = 256 * 1024;
const MAX_SHIFT = 63n;
/** Of one file: merged decoders of 24 layers have some 250,000. A few megabytes that were made for it would fill the memory otherwise. */
const MAX_FIELDS = 600_000;
/** Names, attributes and small weights are read, and they are short. */
const MAX_BYTES = 1024 * 1024;
const BYTES_PER_FIELD = 16;

/** A part of a file. */
export interface FileRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** One field of a protobuf message: a number, or a range of the file that holds a string, bytes or a message. */
interface WireField {
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
  /**
   * A range's own bytes, copied: 1 MiB at most.
   * @throws OnnxPredictError MODEL_INVALID
   */
  bytes(range: FileRange): Uint8Array;
  /** @throws OnnxPredictError MODEL_INVALID if it is no UTF-8 */
  text(range: FileRange): string;
  /**
   * The numbers of a packed repeated field of varints.
   * @throws OnnxPredictError MODEL_INVALID
   */
  varints(range: FileRange): bigint[];
  close(): void;
}

/**
 * Opens a file of one message; its size is taken as it is now. What it holds may be meant to harm: however much of it there is, only
 * so much is read.
 * @throws OnnxPredictError MODEL_INVALID if it is no file; the system's error if it cannot be opened
 */
export function openWireReader(path: string): WireReader {
  // A named pipe would be waited for.
  if (!statSync(path).isFile()) throw new OnnxPredictError('MODEL_INVALID', `${path} is not a file.`);
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const window = Buffer.alloc(WINDOW_BYTES);
  let windowStart = 0;
  let windowEnd = 0;
  let numFields = 0;

  function damaged(): OnnxPredictError {
    return new OnnxPredictError('MODEL_INVALID', `${path} is not a readable ONNX file: it ends early or is damaged.`);
  }

  function count(fields: number): void {
    numFields += fields;
    if (numFields <= MAX_FIELDS) return;
    throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be prepared: its graph has more parts than are read.`);
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
    if (length > MAX_BYTES)
      throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be prepared: a name or list has ${length} bytes.`);
    count(length / BYTES_PER_FIELD);
    // Of its own memory, so that it can be seen as numbers of any size.
    const result = new Uint8Array(length);
    if (offset >= windowStart && offset + length <= windowEnd) {
      result.set(window.subarray(offset - windowStart, offset - windowStart + length));
      return result;
    }
    for (let done = 0; done < length; ) {
      const read = readSync(file, result, done, length - done, offset + done);
      if (read === 0) throw damaged();
      done += read;
    }
    return result;
  }

  function fixed(offset: number, length: number): bigint {
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(byteAt(offset + i));
    return value;
  }

  function* fields({ offset, length }: FileRange): Generator<WireField> {
    const end = offset + length;
    let at = offset;
    while (at < end) {
      const tag = varint(at);
      const number = Number(tag.value >> 3n);
      const kind = Number(tag.value & 7n);
      at = tag.end;
      if (number < 1) throw damaged();
      count(1);
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
    text(range) {
      try {
        // Two names must not become one by what cannot be read in them.
        return decoder.decode(bytes(range));
      } catch (error) {
        throw error instanceof OnnxPredictError ? error : damaged();
      }
    },
    varints({ offset, length }) {
      const values: bigint[] = [];
      const stop = offset + length;
      let at = offset;
      while (at < stop) {
        const { value, end } = varint(at);
        count(1);
        values.push(value);
        at = end;
      }
      if (at !== stop) throw damaged();
      return values;
    },
    close: () => closeSync(file),
  };
}
