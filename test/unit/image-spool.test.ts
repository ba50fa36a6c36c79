import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createImageSpool } from '../../src/image-spool.ts';

/** Above what any system gives. */
const NO_PROCESS = 2 ** 30;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function leave(name: string, ageMs: number): Promise<void> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, 'image'), 'private');
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

describe('an image spool', () => {
  test('keeps a picture where only this user can read it, until it is removed', async () => {
    const image = await createImageSpool(folder).add(Buffer.from('pixels'));
    expect(await readFile(image.path, 'utf8')).toBe('pixels');
    expect((await stat(image.path)).mode & 0o077).toBe(0);
    await image.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes a picture piece by piece', async () => {
    const image = await createImageSpool(folder).open();
    await image.write(Buffer.from('pix'));
    await image.write(Buffer.from('els'));
    await image.finish();
    expect(await readFile(image.path, 'utf8')).toBe('pixels');
    expect((await stat(image.path)).mode & 0o077).toBe(0);
    await image.remove();
    await image.remove();
    expect(await readdir(folder)).toEqual([]);
  });

  test('leaves nothing when it is closed', async () => {
    const spool = createImageSpool(folder);
    await Promise.all([spool.add(Buffer.from('one')), spool.add(Buffer.from('two'))]);
    await spool.close();
    expect(await readdir(folder)).toEqual([]);
  });

  test('removes what killed processes left long ago, and nothing else', async () => {
    await leave(`onnx-predict-${NO_PROCESS}-abcdef`, 7_200_000);
    const kept = [`onnx-predict-${NO_PROCESS}-young1`, `onnx-predict-${process.pid}-living`, 'onnx-predict-test-other'];
    await leave(kept[0]!, 60_000);
    for (const name of kept.slice(1)) await leave(name, 7_200_000);
    const image = await createImageSpool(folder).add(Buffer.from('pixels'));
    await image.remove();
    expect((await readdir(folder)).sort()).toEqual([...kept].sort());
  });

  test('names the folder that cannot be written and the way out', async () => {
    const spool = createImageSpool(join(folder, 'missing'));
    await expect(spool.add(Buffer.from('pixels'))).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('TMPDIR') as string,
    });
  });
});
