import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readTar, tarEnd, tarHeader, tarPadding } from '../../../src/hub/tar.ts';

function archive(files: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    return [tarHeader(name, content.length), content, tarPadding(content.length)];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

/** The archive in pieces of `size` bytes. */
async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Buffer, size?: number): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, content } of readTar(pieces(bytes, size))) {
    files[name] = '';
    for await (const chunk of content) files[name] += Buffer.from(chunk).toString();
  }
  return files;
}

const FILES = { 'manifest.json': '{}', 'blobs/a': 'x'.repeat(512), 'blobs/b': 'y'.repeat(700), empty: '' };

describe('an archive', () => {
  test.each([1, 511, 512, 10_000])('is read as it was written, in pieces of %d bytes', async (size) => {
    expect(await unpack(archive(FILES), size)).toEqual(FILES);
  });

  test('may be passed over in part', async () => {
    const names: string[] = [];
    for await (const { name } of readTar(pieces(archive(FILES)))) names.push(name);
    expect(names).toEqual(Object.keys(FILES));
  });

  test('is one to tar too', () => {
    expect(execFileSync('tar', ['-tf', '-'], { input: archive(FILES), encoding: 'utf8' })).toBe(
      `${Object.keys(FILES).join('\n')}\n`,
    );
  });

  /** With one byte of the first header changed, and the checksum made right again. */
  function altered(change: (header: Buffer) => void): Buffer {
    const bytes = archive(FILES);
    change(bytes);
    bytes.write('        ', 148, 'latin1');
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return bytes;
  }

  test.each([
    ['a hard link', altered((header) => header.write('1', 156))],
    ['a symbolic link', altered((header) => header.write('2', 156))],
    ['a folder', altered((header) => header.write('5', 156))],
    ['a long name', altered((header) => header.write('L', 156))],
    ['extensions', altered((header) => header.write('x', 156))],
    ['a prefix', altered((header) => header.write('../../etc', 345))],
    ['a size that is no number', altered((header) => header.write('-0000000001', 124))],
    ['a wrong checksum', archive(FILES).fill(1, 0, 1)],
    ['half a header', archive(FILES).subarray(0, 300)],
    ['half a file', archive(FILES).subarray(0, 1600)],
    ['no end', archive(FILES).subarray(0, 1024)],
    ['nothing', Buffer.alloc(0)],
  ])('with %s is refused', async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toMatchObject({ code: 'CACHE_INVALID' });
  });

  test('takes no file of 8 GiB, and no long name', () => {
    expect(() => tarHeader('a', 8 ** 11)).toThrow('at most 8 GiB');
    expect(() => tarHeader('a'.repeat(101), 1)).toThrow('does not fit');
  });
});
