import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { imagePath } from '../../golden-images.ts';
import { bmpHeader, bytesOf, decode, errorOf, pngHeader, u16le, u32le } from './hostile-bytes.ts';

const MEGABYTE = 1024 * 1024;

describe('lies about sizes', () => {
  test.each([
    ['a PNG of 30000 x 30000', pngHeader(30_000, 30_000), 'IMAGE_TOO_LARGE'],
    ['a PNG of no height', pngHeader(30_000, 0), 'IMAGE_INVALID'],
    ['a PNG without pixels', pngHeader(8000, 8000), 'IMAGE_INVALID'],
    ['a BMP of 2 billion rows', bmpHeader(1, 0x80000000, 24), 'IMAGE_TOO_LARGE'],
    ['a BMP without pixels', bmpHeader(9000, 9000, 24), 'IMAGE_INVALID'],
    ['a BMP of 65535 bits a pixel', bmpHeader(1, 1, 65535), 'IMAGE_INVALID'],
    ['a BMP of 3 bits a pixel', bmpHeader(1, 1, 3), 'IMAGE_INVALID'],
    ['a run-length encoded BMP without pixels', bytesOf(bmpHeader(9, 9, 8, 1), Buffer.alloc(1024)), 'IMAGE_INVALID'],
    [
      'a GIF of 65535 x 65535',
      bytesOf('GIF89a', [9, 0, 9, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0], [255, 255, 255, 255, 0]),
      'IMAGE_TOO_LARGE',
    ],
    [
      'a GIF whose frame is far away',
      bytesOf('GIF89a', [9, 0, 9, 0, 0, 0, 0, 0x2c, 255, 255, 255, 255, 1, 0, 1, 0, 0]),
      'IMAGE_TOO_LARGE',
    ],
    ['a plain pixmap without samples', Buffer.from('P3 9000 9000 255\n'), 'IMAGE_INVALID'],
    ['a pixmap of endless width', Buffer.from(`P6 ${'9'.repeat(400)} 1 255\n`), 'IMAGE_INVALID'],
    ['a pixmap of 10 digits', Buffer.from('P6 9999999999 9999999999 255\n'), 'IMAGE_TOO_LARGE'],
    ['an icon of 65535 pictures', bytesOf([0, 0, 1, 0, 255, 255]), 'IMAGE_INVALID'],
    ['an icon without pictures', bytesOf([0, 0, 1, 0, 0, 0]), 'IMAGE_INVALID'],
    ['a TIFF of 65535 tags', bytesOf('II*\0', u32le(8), u16le(65535)), 'IMAGE_INVALID'],
    ['a TIFF whose directory is itself', bytesOf('II*\0', u32le(0)), 'IMAGE_INVALID'],
    ['a WebP of 16383 x 16383', bytesOf('RIFF', u32le(30), 'WEBPVP8L', u32le(10), '\x2f', u32le(0x0fffffff)), 'IMAGE_TOO_LARGE'],
  ])('%s is refused', async (_, bytes, code) => {
    expect(await errorOf(decode(bytes))).toBe(code);
  });

  test('a TIFF whose one tile is larger than the limit is refused', async () => {
    const entries: [number, number][] = [
      [256, 1],
      [257, 1],
      [258, 8],
      [259, 1],
      [262, 1],
      [277, 1],
      [322, 60_000],
      [323, 60_000],
      [324, 8],
      [325, 1],
    ];
    const directory = entries.flatMap(([tag, value]) => [u16le(tag), u16le(4), u32le(1), u32le(value)]);
    const bytes = bytesOf('II*\0', u32le(8), u16le(entries.length), ...directory, u32le(0));
    expect(await errorOf(decode(bytes))).toBe('IMAGE_TOO_LARGE');
  });
});

describe('endless headers come to an end', () => {
  test.each([
    ['fill bytes in a JPEG', bytesOf('\xff\xd8', Buffer.alloc(16 * MEGABYTE, 0xff))],
    ['zeros in a JPEG', bytesOf('\xff\xd8\xff', Buffer.alloc(16 * MEGABYTE))],
    ['empty segments in a JPEG', bytesOf('\xff\xd8', Buffer.alloc(4 * MEGABYTE, Buffer.from([0xff, 0xfe, 0, 2])))],
    ['a segment of length 0 in a JPEG', bytesOf('\xff\xd8', Buffer.alloc(4 * MEGABYTE, Buffer.from([0xff, 0xfe, 0, 0])))],
    [
      'empty extensions in a GIF',
      bytesOf('GIF89a', [9, 0, 9, 0, 0, 0, 0], Buffer.alloc(3 * MEGABYTE, Buffer.from([0x21, 1, 0]))),
    ],
    [
      'clear codes in a GIF',
      bytesOf('GIF89a', [9, 0, 9, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 9, 0, 9, 0, 0, 7], Buffer.alloc(4 * MEGABYTE, 0x80)),
    ],
    ['comments in a pixmap', bytesOf('P6 ', Buffer.alloc(4 * MEGABYTE, '#\n'))],
    ['one comment in a pixmap', bytesOf('P3 9 9 255 #', Buffer.alloc(4 * MEGABYTE, 'x'))],
    ['empty chunks in a PNG', bytesOf(pngHeader(9, 9), Buffer.alloc(12 * 100_000, bytesOf([0, 0, 0, 0], 'aaAa', [0, 0, 0, 0])))],
    [
      'empty boxes in an AVIF',
      bytesOf([0, 0, 0, 16], 'ftypavif', [0, 0, 0, 0], Buffer.alloc(4 * MEGABYTE, bytesOf([0, 0, 0, 8], 'meta'))),
    ],
    [
      'boxes in boxes in an AVIF',
      bytesOf([0, 0, 0, 16], 'ftypavif', [0, 0, 0, 0], Buffer.alloc(MEGABYTE, bytesOf([0, 0, 0, 0], 'meta', [0, 0, 0, 0]))),
    ],
    [
      'empty chunks in a WebP',
      bytesOf('RIFF', u32le(0), 'WEBPVP8X', u32le(10), Buffer.alloc(10), Buffer.alloc(4 * MEGABYTE, bytesOf('aaaa', u32le(0)))),
    ],
  ])('%s', async (_, bytes) => {
    expect(await errorOf(decode(bytes))).toBe('IMAGE_INVALID');
  });

  test('a megabyte of text in a PNG that unpacks to a gigabyte is left packed', async () => {
    const bomb = deflateSync(Buffer.alloc(64 * MEGABYTE));
    const text = bytesOf('XML:com.adobe.xmp\0\0', bomb);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    const chunk = bytesOf(length, 'zTXt', text, [0, 0, 0, 0]);
    const png = readFileSync(imagePath('odd/png-exif-behind.png'));
    const end = png.length - 12;
    const before = await decode(png);
    expect(await decode(bytesOf(png.subarray(0, end), chunk, png.subarray(end)))).toEqual(before);
  });
});
