import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readArchive } from '../../../src/hub/model-archive.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../src/hub/tar.ts';

const CONTENT = Buffer.from('{"a":1}');
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const COMMIT = '0123456789012345678901234567890123456789';
const { signal } = new AbortController();

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'models.tar');
});
afterEach(() => rm(folder, { recursive: true }));

const model = (changes: object = {}) => ({
  task: 'image-classification',
  dtype: 'fp32',
  repository: 'org/name',
  ref: 'main',
  revision: COMMIT,
  files: [{ path: 'config.json', sizeBytes: CONTENT.length, sha256: SHA256 }],
  absent: [],
  ...changes,
});

/** Reads an archive with these models and files. */
async function read(models: readonly object[], files: Readonly<Record<string, Buffer>> = { [`blobs/${SHA256}`]: CONTENT }) {
  const manifest = Buffer.from(JSON.stringify({ format: 'onnx-predict models', version: 1, models }));
  const parts = Object.entries({ 'manifest.json': manifest, ...files }).flatMap(([name, content]) => {
    return [tarHeader(name, content.length), content, tarPadding(content.length)];
  });
  await writeFile(path, Buffer.concat([...parts, tarEnd()]));
  return readArchive(path, { cacheDir: join(folder, 'hub'), symlinks: true, signal });
}

describe('an archive of models', () => {
  test('becomes what the Hub’s client would have made', async () => {
    await read([model({ absent: ['generation_config.json'] })]);
    const root = join(folder, 'hub', 'models--org--name');
    expect(await readFile(join(root, 'snapshots', COMMIT, 'config.json'), 'utf8')).toBe('{"a":1}');
    expect(await readFile(join(root, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(await readdir(join(root, 'blobs'))).toEqual([SHA256]);
    expect(await readdir(join(root, '.no_exist', COMMIT))).toEqual(['generation_config.json']);
  });

  test('has a content that two models share once', async () => {
    await read([model(), model({ repository: 'org/other' })]);
    for (const name of ['name', 'other'])
      expect(await readdir(join(folder, 'hub', `models--org--${name}`, 'blobs'))).toEqual([SHA256]);
  });

  test.each([
    ['a repository that leads out', [model({ repository: '../../etc' })], undefined],
    ['a reference that leads out', [model({ ref: '../../../etc/cron.d/x' })], undefined],
    ['a file that leads out', [model({ files: [{ path: '../../../x', sizeBytes: CONTENT.length, sha256: SHA256 }] })], undefined],
    ['an absolute file', [model({ files: [{ path: '/etc/x', sizeBytes: CONTENT.length, sha256: SHA256 }] })], undefined],
    ['an absence that leads out', [model({ absent: ['../../../../x'] })], undefined],
    ['a revision that is no commit', [model({ revision: '..' })], undefined],
    ['no files', [model({ files: [] })], undefined],
    ['a content that is not there', [model()], {}],
    ['a content that is another', [model()], { [`blobs/${SHA256}`]: Buffer.from('{"a":2}') }],
    ['a content of another size', [model()], { [`blobs/${SHA256}`]: Buffer.from('{}') }],
    ['a file of another name', [model()], { '../../x': CONTENT }],
  ])('with %s is refused, and nothing is outside of the cache', async (_, models, files) => {
    const error = await read(models, files).then(
      () => undefined,
      (reason: unknown) => reason as { code: string },
    );
    // A file that was only said to be absent is not made, which harms nobody.
    if (error === undefined) expect(models[0]!.absent).not.toEqual([]);
    else expect(['CACHE_INVALID', 'HUB_INVALID_ANSWER']).toContain(error.code);
    expect((await readdir(folder)).filter((name) => name !== 'hub' && name !== 'models.tar')).toEqual([]);
    const blobs = await readdir(join(folder, 'hub', 'models--org--name', 'blobs')).catch(() => []);
    for (const name of blobs) expect(name).toBe(SHA256);
  });

  test('that is no archive, or none of ours, is refused', async () => {
    await writeFile(path, 'no archive at all'.repeat(100));
    await expect(readArchive(path, { cacheDir: folder, symlinks: true, signal })).rejects.toMatchObject({
      code: 'CACHE_INVALID',
    });
    await expect(readArchive(`${path}.no`, { cacheDir: folder, symlinks: true, signal })).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
  });
});
