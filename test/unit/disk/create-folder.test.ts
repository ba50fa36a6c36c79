import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFolder } from '../../../src/disk/create-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a folder', () => {
  test('is made with those above it, however many do so at once', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 10 }, () => createFolder(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
    await createFolder(path);
  });

  test('is not made below a file, nor in the place of one or of a link to nowhere', async () => {
    await writeFile(join(folder, 'file'), '');
    await symlink('nowhere', join(folder, 'link'));
    await expect(createFolder(join(folder, 'file', 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(createFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(createFolder(join(folder, 'link', 'a'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test.runIf(process.platform === 'linux')('that can be made nowhere is an error, and not an endless attempt', async () => {
    await expect(createFolder('/proc/onnx-predict/a')).rejects.toMatchObject({ code: expect.any(String) as string });
  });
});
