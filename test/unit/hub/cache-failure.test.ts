import { expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { cacheFailure } from '../../../src/hub/cache-failure.ts';

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'quota'],
  ['EROFS', 'read-only'],
  ['EACCES', 'permission is denied'],
  ['EXYZ', 'EXYZ'],
])('%s is a sentence with the path and what to do', (code, part) => {
  const cause = Object.assign(new Error('failed'), { code });
  const error = cacheFailure(cause, '/cache/blobs');
  expect(error).toMatchObject({ code: 'CACHE_UNWRITABLE', cause });
  for (const text of ['/cache/blobs', part, '--cache-dir', 'HF_HUB_CACHE']) expect(error.message).toContain(text);
});

test('an error of our own stays as it is', () => {
  const error = new OnnxPredictError('DOWNLOAD_CORRUPT', 'no');
  expect(cacheFailure(error, 'x')).toBe(error);
});
