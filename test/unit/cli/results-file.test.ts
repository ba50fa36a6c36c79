import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openResultsFile } from '../../../src/cli/results-file.ts';

const MODEL = { id: 'tiny', revision: null, dtype: 'fp32' };
const answer = (file: string, model: unknown = MODEL) => ({ file, class_label: 'ship', model });
const failure = (file: string) => ({ file, error: { code: 'IMAGE_INVALID', message: 'broken' } });

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'results.ndjson');
});
afterEach(() => rm(folder, { recursive: true }));

async function append(resume: boolean, ...results: object[]): Promise<boolean[]> {
  const file = await openResultsFile(path, { resume });
  try {
    const known = ['a', 'b', '-'].map((name) => file.has(name));
    for (const result of results) await file.append(result);
    return known;
  } finally {
    await file[Symbol.asyncDispose]();
  }
}

const lines = async () => (await readFile(path, 'utf8')).split('\n');

describe('a file of results', () => {
  test('is made, and gone on with where that is asked for: it knows what was answered, not what failed', async () => {
    expect(await append(false, answer('a'), failure('b'), answer('-'))).toEqual([false, false, false]);
    expect(await append(true, answer('b'))).toEqual([true, false, false]);
    expect(await append(true)).toEqual([true, true, false]);
    expect((await lines()).map((line) => line && (JSON.parse(line) as { file: string }).file)).toEqual(['a', 'b', '-', 'b', '']);
  });

  test('that holds results is not added to unasked', async () => {
    await append(false, answer('a'));
    await expect(append(false)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('--resume') as string,
    });
  });

  test.each([
    ['a torn line', '{"file":"b","class_la', [true, false, false], 2],
    ['a torn character', Buffer.from('{"file":"\u20ac').subarray(0, -1), [true, false, false], 2],
    ['a line whose end is missing', JSON.stringify(answer('b')), [true, true, false], 3],
  ])('is repaired where it ends in %s', async (_, end, known, numLines) => {
    await append(false, answer('a'));
    await appendFile(path, end);
    expect(await append(true, answer('c'))).toEqual(known);
    const repaired = await lines();
    expect(repaired).toHaveLength(numLines + 1);
    expect(repaired.at(-1)).toBe('');
    for (const line of repaired.slice(0, -1)) JSON.parse(line);
  });

  test.each(['notes\n', '{"file":"a"}\nnotes\n{"file":"b"}\n', '[1]\n', '{"a":1}\n'])(
    'that is %j is none of ours, and is left as it is',
    async (text) => {
      await writeFile(path, text);
      await expect(append(true, answer('b'))).rejects.toThrow('is no result of onnx-predict');
      expect(await readFile(path, 'utf8')).toBe(text);
    },
  );

  test('is of one model', async () => {
    await append(false, answer('a'));
    await expect(append(true, answer('b', { ...MODEL, dtype: 'q8' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('that cannot be made is told of', async () => {
    path = join(folder, 'no', 'results.ndjson');
    await expect(append(false)).rejects.toThrow('cannot be written (ENOENT)');
  });
});
