import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { formatStoredKey, hashApiKey } from '../../../../src/api-keys.ts';
import { findKey, openKeyRing } from '../../../../src/http/access/key-ring.ts';

let folder: string;
let path: string;
let said: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'keys.txt');
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const line = (name: string, key: string) => `${formatStoredKey({ name, hash: hashApiKey(key) })}\n`;

async function open(text: string, mode = 0o600) {
  await writeFile(path, text);
  await chmod(path, mode);
  const say = (message: string) => void said.push(message);
  const ring = openKeyRing({ path, logger: { debug() {}, info: say, warn: say } });
  onTestFinished(() => ring.close());
  return ring;
}

test('a key is known by its name, whichever of several it is', async () => {
  const ring = await open(line('a', 'op_1') + line('b', 'op_2') + line('c', 'op_3'));
  expect(['op_1', 'op_2', 'op_3'].map((key) => ring.identify(key))).toEqual(['a', 'b', 'c']);
  for (const wrong of ['', 'op_', 'op_4', 'op_1 ', 'OP_1', hashApiKey('op_1').toString('hex')]) {
    expect(ring.identify(wrong)).toBeUndefined();
  }
});

test('every hash is compared, whichever matches and if none does', () => {
  for (const presented of ['op_0', 'op_49', 'op_99', 'op_100', '']) {
    const compared: number[] = [];
    const keys = Array.from({ length: 100 }, (_, i) => ({
      name: `k${i}`,
      get hash() {
        compared.push(i);
        return hashApiKey(`op_${i}`);
      },
    }));
    findKey(keys, presented);
    expect(compared).toHaveLength(100);
  }
});

describe('a file that changes', () => {
  test('is read again, however it was replaced', async () => {
    const ring = await open(line('a', 'op_1'));
    await writeFile(`${path}.2`, line('b', 'op_2'));
    await rename(`${path}.2`, path);
    expect(ring.identify('op_2')).toBeUndefined();
    await ring.refresh();
    expect([ring.identify('op_1'), ring.identify('op_2')]).toEqual([undefined, 'b']);
    await writeFile(path, line('c', 'op_3'));
    await ring.refresh();
    expect(ring.identify('op_3')).toBe('c');
    expect(said).toEqual(Array(2).fill(expect.stringContaining('1 API keys are accepted now')));
  });

  test('to nothing lets nobody in', async () => {
    const ring = await open(line('a', 'op_1'));
    await writeFile(path, '# nobody\n');
    await ring.refresh();
    expect(ring.identify('op_1')).toBeUndefined();
    expect(ring.identify('')).toBeUndefined();
  });

  test.each([
    ['to what is no file of keys', () => writeFile(path, `${line('a', 'op_1')}secret\n`), /line 2/],
    ['to nothing at all', () => rm(path), /There is no file of API keys/],
  ])('%s keeps the old keys, and says so once', async (_, change, reason) => {
    const ring = await open(line('a', 'op_1'));
    await change();
    for (let i = 0; i < 3; i++) await ring.refresh();
    expect(ring.identify('op_1')).toBe('a');
    expect(said).toEqual([expect.stringMatching(reason)]);
    expect(said[0]).toMatch(/^The API keys stay as they were\./);
    expect(said[0]).not.toContain('secret');
    await writeFile(path, line('b', 'op_2'));
    await ring.refresh();
    expect(ring.identify('op_2')).toBe('b');
  });

  test('not at all is left alone', async () => {
    const ring = await open(line('a', 'op_1'));
    await readFile(path);
    await ring.refresh();
    expect(said).toEqual([]);
  });
});

test('a file that others may read is warned of', async () => {
  await open(line('a', 'op_1'), 0o644);
  expect(said).toEqual([expect.stringContaining('chmod 600')]);
});

test('a file that is not there, or makes no sense, is refused at the start', async () => {
  await expect(open('nonsense')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await rm(path);
  expect(() => openKeyRing({ path, logger: { debug() {}, info() {}, warn() {} } })).toThrow('There is no file of API keys');
});
