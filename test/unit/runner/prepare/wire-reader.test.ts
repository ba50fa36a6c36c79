import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openWireReader, type WireReader } from '../../../../src/runner/prepare/wire-reader.ts';
import { invalid, temporaryFolder, thrownBy } from './onnx-files.ts';

function readerOf(bytes: Uint8Array | string): WireReader {
  const path = join(temporaryFolder(), 'message');
  writeFileSync(path, typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes);
  const reader = openWireReader(path);
  onTestFinished(() => reader.close());
  return reader;
}

const allFields = (reader: WireReader) => [...reader.fields(reader.whole)];

describe('openWireReader', () => {
  test('reads integers of four and eight bytes', () => {
    const fields = allFields(readerOf('0d 04030201 11 0807060504030281'));
    expect(fields.map(({ value }) => value)).toEqual([0x01020304n, 0x8102030405060708n]);
  });

  test.each([
    ['a varint without an end', '08 ff'],
    ['a varint of eleven bytes', '08 ffffffffffffffffffff01'],
    ['a field longer than its message', '0a 05 00'],
    ['a field longer than anything', '0a ffffffffffffffff7f'],
    ['a field of a negative length', '0a ffffffffffffffffff01'],
    ['the start of a group', '0b'],
    ['a field without a number', '00 00'],
    ['a number that ends early', '0d 0102'],
  ])('refuses %s', (_, bytes) => {
    const reader = readerOf(bytes);
    expect(thrownBy(() => allFields(reader))).toMatchObject(invalid('damaged'));
  });

  test('refuses a number that goes on behind its message', () => {
    const reader = readerOf('0a 02 08 ff 01');
    const [field] = allFields(readerOf('0a 02 08 ff')).map(({ value }) => value);
    expect(field).toMatchObject({ length: 2 });
    const range = { path: reader.whole.path, offset: 2, length: 2 };
    expect(thrownBy(() => [...reader.fields(range)])).toMatchObject(invalid('damaged'));
    expect(thrownBy(() => reader.varints({ ...range, offset: 3, length: 1 }))).toMatchObject(invalid('damaged'));
  });

  test('reads what crosses its window', () => {
    const bytes = Buffer.concat([Buffer.from('0afaff0f', 'hex'), Buffer.alloc(262138), Buffer.from('10ac021203616263', 'hex')]);
    const reader = readerOf(bytes);
    const fields = allFields(reader);
    expect(fields[1]!.value).toBe(300n);
    expect(reader.text(fields[2]!.value as never)).toBe('abc');
  });

  test('refuses names that are no UTF-8, of which two could become one', () => {
    const reader = readerOf('0a 01 ff');
    const [field] = allFields(reader);
    expect(thrownBy(() => reader.text(field!.value as never))).toMatchObject(invalid('damaged'));
  });

  test('reads at most a megabyte at once and 600,000 fields in all', () => {
    const large = readerOf(Buffer.concat([Buffer.from('0a818040', 'hex'), Buffer.alloc(1024 * 1024 + 1)]));
    const [field] = allFields(large);
    expect(thrownBy(() => large.bytes(field!.value as never))).toMatchObject(invalid('1048577 bytes'));
    const numbers = readerOf(Buffer.alloc(600_001, 1));
    expect(thrownBy(() => numbers.varints(numbers.whole))).toMatchObject(invalid('more parts'));
    const fields = readerOf(Buffer.from('0a00'.repeat(600_001), 'hex'));
    expect(
      thrownBy(() => {
        for (const _ of fields.fields(fields.whole));
      }),
    ).toMatchObject(invalid('more parts'));
  });

  test('refuses folders, and named pipes without waiting for what never comes', () => {
    const folder = temporaryFolder();
    expect(thrownBy(() => openWireReader(folder))).toMatchObject(invalid('not a file'));
    mkdirSync(join(folder, 'pipes'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipes/pipe')]);
    expect(thrownBy(() => openWireReader(join(folder, 'pipes/pipe')))).toMatchObject(invalid('not a file'));
  });
});
