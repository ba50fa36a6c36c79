import { existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createWeightFiles } from '../../../../src/runner/prepare/weight-files.ts';
import { temporaryFolder } from './onnx-files.ts';

const OTHER_DISK = '/dev/shm';
const hasOtherDisk = existsSync(OTHER_DISK) && statSync(OTHER_DISK).dev !== statSync(tmpdir()).dev;

function source(parent?: string): string {
  const path = join(temporaryFolder(parent), 'model.onnx');
  writeFileSync(
    path,
    Uint8Array.from({ length: 5000 }, (_, i) => i),
  );
  return path;
}

describe('createWeightFiles', () => {
  test('links a file that holds weights, once, and says where in it they are', () => {
    const [folder, path] = [temporaryFolder(), source()];
    const weights = createWeightFiles(folder);
    expect(weights.place({ path, offset: 8, length: 100 })).toEqual({ location: 'source-0.bin', offset: 8, length: 100 });
    expect(weights.place({ path, offset: 200, length: 4000 })).toMatchObject({ location: 'source-0.bin' });
    weights.close();
    expect(readdirSync(folder)).toEqual(['source-0.bin']);
    expect(statSync(join(folder, 'source-0.bin')).ino).toBe(statSync(path).ino);
  });

  test('links what a link leads to, and two names of one file as what they are', () => {
    const [folder, path] = [temporaryFolder(), source()];
    const link = join(folder, 'link');
    symlinkSync(path, link);
    const weights = createWeightFiles(folder);
    expect(weights.place({ path: link, offset: 0, length: 5000 })).toMatchObject({ location: 'source-0.bin' });
    expect(weights.place({ path, offset: 0, length: 5000 })).toMatchObject({ location: 'source-0.bin' });
    expect(statSync(join(folder, 'source-0.bin')).ino).toBe(statSync(path).ino);
  });

  test.skipIf(!hasOtherDisk)('copies a file of another file system', () => {
    const [folder, path] = [temporaryFolder(), source(OTHER_DISK)];
    expect(() => linkSync(path, join(folder, 'no-link'))).toThrow('EXDEV');
    const weights = createWeightFiles(folder);
    expect(weights.place({ path, offset: 0, length: 5000 })).toMatchObject({ location: 'source-0.bin' });
    const bytes = readFileSync(path);
    rmSync(path);
    expect(readFileSync(join(folder, 'source-0.bin'))).toEqual(bytes);
  });

  test('writes new weights once, at places that can be mapped, and leaves small ones to the graph', () => {
    const folder = temporaryFolder();
    const weights = createWeightFiles(folder);
    const [first, second] = [new Uint8Array(1100).fill(1), new Uint8Array(2000).fill(2)];
    expect(weights.place(first)).toEqual({ location: 'weights.bin', offset: 0, length: 1100 });
    expect(weights.place(second)).toEqual({ location: 'weights.bin', offset: 1152, length: 2000 });
    expect(weights.place(first)).toEqual({ location: 'weights.bin', offset: 0, length: 1100 });
    expect(weights.place(new Uint8Array(1023))).toBeUndefined();
    weights.close();
    expect(readFileSync(join(folder, 'weights.bin')).subarray(1152)).toEqual(Buffer.from(second));
  });

  test('overwrites nothing', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'weights.bin'), 'mine');
    const weights = createWeightFiles(folder);
    expect(() => weights.place(new Uint8Array(2000))).toThrow('EEXIST');
    expect(readFileSync(join(folder, 'weights.bin'), 'utf8')).toBe('mine');
  });
});
