import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cacheLayout, repositoryOfFolder } from '../../../src/hub/cache-layout.ts';
import { externalDataName, isExternalData } from '../../../src/hub/model-files.ts';
import { checkRepositoryPath } from '../../../src/hub/repository-path.ts';

const REFUSED = [
  '',
  '.',
  '..',
  '../x',
  'a/../../x',
  '/etc/passwd',
  'a//b',
  'a/',
  'a\\..\\b',
  'C:\\x',
  'C:x',
  'a:stream',
  'a\u0000b',
  'a\nb',
  'con',
  'a/NUL.txt',
  'com1.onnx',
  'lpt9',
  'a.',
  'a ',
  'a?',
  '*',
  `${'x'.repeat(256)}`,
  'x/'.repeat(600),
];

describe('a file name of a repository', () => {
  test.each(['config.json', 'onnx/model.onnx', 'a/b/c d.txt', '.gitattributes', 'ünïcode', 'console.json'])(
    '%j is used',
    (path) => {
      expect(() => checkRepositoryPath(path)).not.toThrow();
    },
  );

  test.each(REFUSED)('%j is refused', (path) => {
    expect(() => checkRepositoryPath(path)).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ANSWER' }));
    const layout = cacheLayout('cache', 'a/b');
    expect(() => layout.snapshotFile('0'.repeat(40), path)).toThrow();
    expect(() => layout.ref(path)).toThrow();
    expect(() => layout.absence('0'.repeat(40), path)).toThrow();
  });
});

describe('the cache’s layout', () => {
  const layout = cacheLayout('cache', 'Xenova/mit-b0');
  const commit = 'a'.repeat(40);

  test('is huggingface_hub’s', () => {
    const root = join('cache', 'models--Xenova--mit-b0');
    expect(layout.blob('b'.repeat(64))).toBe(join(root, 'blobs', 'b'.repeat(64)));
    expect(layout.snapshotFile(commit, 'onnx/model.onnx')).toBe(join(root, 'snapshots', commit, 'onnx', 'model.onnx'));
    expect(layout.ref('refs/pr/1')).toBe(join(root, 'refs', 'refs', 'pr', '1'));
    expect(layout.absence(commit, 'x.json')).toBe(join(root, '.no_exist', commit, 'x.json'));
  });

  test.each(['', '../x', 'main', 'A'.repeat(40), 'a'.repeat(41), `${'a'.repeat(39)}/`])('takes no %j for a hash', (hash) => {
    expect(() => layout.blob(hash)).toThrow(expect.objectContaining({ code: 'HUB_INVALID_ANSWER' }));
    expect(() => layout.partial(hash)).toThrow();
    expect(() => layout.lock(hash)).toThrow();
    expect(() => layout.snapshot(hash)).toThrow();
  });

  test.each([
    ['models--Xenova--mit-b0', 'Xenova/mit-b0'],
    ['models--gpt2', undefined],
    ['datasets--a--b', undefined],
    ['.locks', undefined],
  ])('says whose folder %s is', (folder, repository) => {
    expect(repositoryOfFolder(folder)).toBe(repository);
  });
});

describe('external weights', () => {
  test.each(['onnx/model.onnx_data', 'onnx/model.onnx_data_1', 'onnx/model.onnx_data_12'])('are recognised in %s', (path) => {
    expect(isExternalData('onnx/model.onnx', path)).toBe(true);
  });

  test.each([
    'onnx/model.onnx',
    'onnx/model.onnx_data_0',
    'onnx/model.onnx_data_x',
    'onnx/model.onnx_data/../x',
    'onnx/model_fp16.onnx_data',
  ])('are not %s', (path) => {
    expect(isExternalData('onnx/model.onnx', path)).toBe(false);
  });

  test('are named as the Hub’s conversions name them', () => {
    expect([0, 1].map((part) => externalDataName('onnx/model.onnx', part))).toEqual([
      'onnx/model.onnx_data',
      'onnx/model.onnx_data_1',
    ]);
  });
});
