import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expandInputs } from '../../../src/cli/expand-inputs.ts';
import { PICTURES, TEXTS } from '../../../src/cli/input-kinds.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function names(...args: string[]): Promise<string[]> {
  const { inputs } = await expandInputs(
    args.map((arg) => join(folder, arg)),
    PICTURES,
  );
  return inputs.map((input) => ('error' in input ? input.error.code : input.file.slice(folder.length + 1).replaceAll('\\', '/')));
}

test('a folder gives its pictures and those of the folders in it, by name, without hidden ones', async () => {
  await mkdir(join(folder, 'in/deep'), { recursive: true });
  await mkdir(join(folder, 'in/.hidden'));
  for (const file of ['in/b.png', 'in/a.JPG', 'in/notes.txt', 'in/deep/c.webp', 'in/.d.jpg', 'in/.hidden/e.jpg']) {
    await writeFile(join(folder, file), '');
  }
  await symlink(join(folder, 'in'), join(folder, 'in/circle'));
  expect(await names('in')).toEqual(['in/a.JPG', 'in/b.png', 'in/deep/c.webp']);
});

test('a file that exists is taken by its name, even if the name looks like a pattern', async () => {
  await writeFile(join(folder, 'a[1].jpg'), '');
  expect(await names('a[1].jpg')).toEqual(['a[1].jpg']);
});

test('a pattern gives what it matches, sorted', async () => {
  for (const file of ['b.png', 'a.png', 'c.jpg']) await writeFile(join(folder, file), '');
  expect(await names('*.png')).toEqual(['a.png', 'b.png']);
});

test('a folder without pictures and a pattern without matches are failures of their own', async () => {
  await mkdir(join(folder, 'empty'));
  expect(await names('empty', '*.nothing')).toEqual(['INPUT_NOT_FOUND', 'INPUT_NOT_FOUND']);
});

test('a missing file is left to whoever opens it', async () => {
  expect(await names('missing.jpg')).toEqual(['missing.jpg']);
});

test('answers name their file as soon as there may be several', async () => {
  await writeFile(join(folder, 'a.png'), '');
  const severals = await Promise.all(
    [['a.png'], ['a.png', 'a.png'], ['.'], ['*.png']].map(
      async (args) =>
        (
          await expandInputs(
            args.map((arg) => join(folder, arg)),
            PICTURES,
          )
        ).several,
    ),
  );
  expect(severals).toEqual([false, true, true, true]);
});

test('a folder gives its texts to a command that reads texts', async () => {
  for (const file of ['b.txt', 'a.MD', 'c.png']) await writeFile(join(folder, file), '');
  const { inputs, several } = await expandInputs([folder], TEXTS);
  expect(inputs).toEqual(['a.MD', 'b.txt'].map((file) => ({ file: join(folder, file) })));
  expect(several).toBe(true);
});
