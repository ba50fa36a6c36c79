import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openWireReader } from '../../../../src/runner/prepare/wire-reader.ts';
import { createWireWriter, type WireWriter } from '../../../../src/runner/prepare/wire-writer.ts';
import { temporaryFolder } from './onnx-files.ts';

/** The fields of a message that was written and read; ranges as their bytes. */
function roundTrip(write: (writer: WireWriter) => void): (readonly [number, bigint | string])[] {
  const path = join(temporaryFolder(), 'message');
  const writer = createWireWriter();
  write(writer);
  writeFileSync(path, writer.finish());
  const reader = openWireReader(path);
  try {
    return [...reader.fields(reader.whole)].map(({ number, value }) => [
      number,
      typeof value === 'bigint' ? value : Buffer.from(reader.bytes(value)).toString('hex'),
    ]);
  } finally {
    reader.close();
  }
}

describe('createWireWriter', () => {
  test.each([0n, 1n, 127n, 128n, 300n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, -1n, -128n, -(2n ** 63n)])(
    'writes the integer %s such that it is read again',
    (value) => {
      expect(roundTrip((writer) => writer.integer(3, value))).toEqual([[3, value]]);
    },
  );

  test('writes a negative integer in ten bytes, as protobuf does', () => {
    const writer = createWireWriter();
    writer.integer(1, -2);
    expect(Buffer.from(writer.finish()).toString('hex')).toBe('08feffffffffffffffff01');
  });

  test('writes fields of large numbers, floats, texts, bytes and messages in their order', () => {
    const fields = roundTrip((writer) => {
      writer.float(1000, -0.5);
      writer.text(2, 'ä€');
      writer.bytes(3, Uint8Array.of(0, 255));
      writer.message(4, (inner) => inner.message(1, (innermost) => innermost.integer(1, 5)));
      writer.bytes(5, new Uint8Array());
    });
    expect(fields).toEqual([
      [1000, 0xbf000000n],
      [2, 'c3a4e282ac'],
      [3, '00ff'],
      [4, '0a020805'],
      [5, ''],
    ]);
  });
});
