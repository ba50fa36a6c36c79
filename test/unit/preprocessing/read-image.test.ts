import { readFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_MAX_PIXELS } from '../../../src/limits.ts';
import { readImage } from '../../../src/preprocessing/read-image.ts';
import { imagePath } from '../../golden-images.ts';
import { errorOf, pngHeader } from './hostile-bytes.ts';

const MEGABYTE = 1024 * 1024;

describe('of a file only the first bytes are read', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Two gigabytes, more than would be read of any picture; nearly all of them take no room on the disk. */
  async function largeFile(name: string, head: Uint8Array): Promise<string> {
    const path = join(folder, name);
    await using file = await open(path, 'w');
    await file.write(head);
    await file.truncate(2 * 1024 * MEGABYTE);
    return path;
  }

  test.each([
    ['too-large.png', pngHeader(30_000, 30_000), 'IMAGE_TOO_LARGE'],
    ['video.mp4', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0', 'latin1'), 'IMAGE_UNSUPPORTED'],
    ['long.png', pngHeader(100, 100), 'INPUT_UNREADABLE'],
    ['unclear.jpg', Buffer.from('\xff\xd8\xff', 'latin1'), 'INPUT_UNREADABLE'],
  ])('where they say enough: %s', async (name, head, code) => {
    const path = await largeFile(name, head);
    expect(await errorOf(readImage(path, { maxPixels: DEFAULT_MAX_PIXELS }))).toBe(code);
  });

  test('where they do not, the file is read whole', async () => {
    const path = imagePath('very_wide.png');
    const bytes = await readImage(path, { maxPixels: DEFAULT_MAX_PIXELS });
    expect(Buffer.compare(bytes, readFileSync(path))).toBe(0);
  });
});
