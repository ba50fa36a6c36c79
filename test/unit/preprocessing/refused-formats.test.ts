import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { bytesOf, decode, errorOf, pngHeader, u32le } from './hostile-bytes.ts';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

describe('what is no picture is refused by its name', () => {
  test.each([
    ['an SVG drawing', SVG],
    ['an SVG drawing', `\n \t<?xml version="1.0"?><!-- hi -->${SVG}`],
    ['an SVG drawing', `\xef\xbb\xbf<!-- ${'x'.repeat(500)} -->${SVG}`],
    ['an SVG drawing', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(SVG, 'utf16le')])],
    ['an SVG drawing', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(SVG, 'utf16le')]).swap16()],
    ['a gzip archive', gzipSync(SVG)],
    ['a PDF document', '%PDF-1.7\n'],
    ['a HEIC picture', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['a HEIF picture', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic'],
    ['a video', '\0\0\0\x18ftypisom\0\0\0\0'],
    ['a JPEG XL picture', '\xff\x0a\0\0'],
    ['a text', 'P7 is not a picture that is read'],
    ['a web page', '<!DOCTYPE html><svg></svg>'],
    ['a ZIP archive', 'PK\x03\x04'],
    ['no picture of a known kind', '\0\x01\x02\x03\x04\x05\x06\x07'],
  ])('%s', async (name, content) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', message: expect.stringContaining(name) });
  });

  test('nothing, too', async () => {
    await expect(decode(new Uint8Array(0))).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', message: 'The file is empty.' });
  });
});

describe('a picture inside a picture never reaches another decoder', () => {
  test.each([
    ['behind a JPEG signature', bytesOf('\xff\xd8\xff', SVG)],
    ['in a JPEG comment', bytesOf('\xff\xd8\xff\xfe', [0, SVG.length + 2], SVG)],
    ['behind a PNG header', bytesOf(pngHeader(9, 9), SVG)],
    ['behind a GIF screen', bytesOf('GIF89a', [9, 0, 9, 0, 0, 0, 0], SVG)],
    ['in an icon', bytesOf([0, 0, 1, 0, 1, 0], [9, 9, 0, 0, 1, 0, 32, 0], u32le(SVG.length), u32le(22), SVG)],
    ['in a WebP', bytesOf('RIFF', u32le(SVG.length + 4), 'WEBPVP8L', u32le(SVG.length), '\x2f', u32le(0x8008), SVG)],
    ['in a TIFF', bytesOf('II*\0', u32le(8), SVG, Buffer.alloc(64))],
    ['in an AVIF', bytesOf([0, 0, 0, 16], 'ftypavif', [0, 0, 0, 0], SVG)],
  ])('%s', async (_, bytes) => {
    expect(await errorOf(decode(bytes))).toBe('IMAGE_INVALID');
  });

  test('since libvips itself has no other left', async () => {
    await expect(sharp(Buffer.from(SVG)).metadata()).rejects.toThrow('unsupported image format');
  });
});
