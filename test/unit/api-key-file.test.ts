import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isOpenToOthers, readApiKeyFile, updateApiKeyFile } from '../../src/api-key-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'keys.txt');
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

test('a new file is its owner’s alone', async () => {
  await updateApiKeyFile(path, (text) => `${text}a\n`);
  expect(await readFile(path, 'utf8')).toBe('a\n');
  expect(await modeOf(path)).toBe(0o600);
  expect(await readdir(folder)).toEqual(['keys.txt']);
});

test('an old one is replaced, not written over, and stays as open as it was', async () => {
  await writeFile(path, 'a\n');
  await chmod(path, 0o640);
  const before = await stat(path);
  await updateApiKeyFile(path, (text) => `${text}b\n`);
  expect(await readFile(path, 'utf8')).toBe('a\nb\n');
  expect(await modeOf(path)).toBe(0o640);
  expect((await stat(path)).ino).not.toBe(before.ino);
});

test('a link stays one', async () => {
  const link = join(folder, 'link');
  await writeFile(path, 'a\n');
  await symlink(path, link);
  await updateApiKeyFile(link, (text) => `${text}b\n`);
  expect(await readFile(path, 'utf8')).toBe('a\nb\n');
});

test('a change that is refused leaves everything as it was', async () => {
  await writeFile(path, 'a\n');
  const refuse = () => {
    throw new Error('no');
  };
  await expect(updateApiKeyFile(path, refuse)).rejects.toThrow();
  expect(await readFile(path, 'utf8')).toBe('a\n');
  expect(await readdir(folder)).toEqual(['keys.txt']);
});

test('two changes at a time are not mixed up: one is refused', async () => {
  const changes = await Promise.allSettled(['a', 'b'].map((line) => updateApiKeyFile(path, (text) => `${text}${line}\n`)));
  const refused = changes.filter(({ status }) => status === 'rejected');
  expect(refused).toMatchObject([{ reason: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('being changed') } }]);
  expect(await readFile(path, 'utf8')).toMatch(/^[ab]\n$/);
});

test('where there is none, it is said how to make one', async () => {
  await expect(readApiKeyFile(path)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`keys add NAME --file ${path}`),
  });
});

test.each([
  [0o600, false],
  [0o400, false],
  [0o640, false],
  [0o604, true],
  [0o660, true],
])('a file of mode %o is open to others: %s', (mode, open) => expect(isOpenToOthers(mode)).toBe(open));
