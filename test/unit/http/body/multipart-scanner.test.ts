import { describe, expect, test } from 'vitest';
import { MultipartScanner, type PartEvent } from '../../../../src/http/body/multipart-scanner.ts';
import { Refusal } from '../../../../src/http/refusal.ts';

const BODY = Buffer.from(
  '\r\n--bnd\r\nContent-Disposition: form-data; name="a"\r\nX: y\r\n\r\none\r\n--bndx\r\n--bnd-\r\n--bn' +
    '\r\n--bnd\r\nx:\r\n\r\n\r\n--bnd\r\n\r\n\r\n\r\n--bnd--\r\nepilogue\r\n--bnd\r\n',
  'latin1',
);

/** Parts as `disposition|data`, the last without its end marked with `...`. */
function scan(chunks: readonly Buffer[]): string[] {
  const scanner = new MultipartScanner('bnd');
  const parts: string[] = [];
  let open = '';
  let isOpen = false;
  const take = (event: PartEvent) => {
    if (event.type === 'headers') open = `${event.disposition}|`;
    else if (event.type === 'data') open += event.bytes.toString('latin1');
    else parts.push(open);
    isOpen = event.type !== 'end';
  };
  for (const chunk of chunks) for (const event of scanner.scan(chunk)) take(event);
  return isOpen ? [...parts, `${open}...`] : parts;
}

function inPieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

describe('a body of parts', () => {
  test('is split the same way however it is cut into chunks', () => {
    const parts = ['form-data; name="a"|one\r\n--bndx\r\n--bnd-\r\n--bn', 'undefined|', 'undefined|\r\n'];
    for (let size = 1; size <= BODY.length; size++) expect(scan(inPieces(BODY, size)), `chunks of ${size}`).toEqual(parts);
  });

  test('has no end for a part that is cut off', () => {
    expect(scan([Buffer.from('--bnd\r\n\r\na lot of data')])).toEqual([expect.stringMatching(/^undefined\|a lot.*\.\.\.$/)]);
  });

  test.each([
    ['something before the first boundary', 'x--bnd\r\n'],
    ['lines that end with LF alone', '--bnd\n\nx\n--bnd--\n'],
    ['a header without a colon', '--bnd\r\nX\r\n\r\n'],
    ['a header without a name', '--bnd\r\n: x\r\n\r\n'],
    ['a folded header', '--bnd\r\nX: y\r\n z\r\n\r\n'],
    ['nine headers', `--bnd\r\n${'X: y\r\n'.repeat(9)}\r\n`],
    ['a header that is too long', `--bnd\r\nX: ${'y'.repeat(4222)}\r\n\r\n`],
    ['the beginning of a header that is too long', `--bnd\r\nX: ${'y'.repeat(5000)}`],
  ])('is none with %s', (_, body) => {
    for (const size of [1, 7, body.length]) expect(() => scan(inPieces(Buffer.from(body), size))).toThrow(Refusal);
  });

  test('has a boundary of at most 256 characters', () => {
    expect(() => new MultipartScanner('b'.repeat(257))).toThrow(Refusal);
    expect(() => new MultipartScanner('b'.repeat(256))).not.toThrow();
  });
});
