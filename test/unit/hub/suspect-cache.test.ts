import { expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { suspectCache } from '../../../src/hub/suspect-cache.ts';

const cached = { id: 'a/b', revision: 'c'.repeat(40), dtype: 'fp32' } as const;

test('a model in the cache that cannot be loaded may be damaged, and what to do about it is said', () => {
  const error = suspectCache(new OnnxPredictError('MODEL_INVALID', 'It is no model.'), cached);
  expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(/^It is no model\. /) as string });
  for (const part of ['onnx-predict verify a/b', `onnx-predict rm -y a/b@${cached.revision}`, 'onnx-predict pull a/b']) {
    expect((error as Error).message).toContain(part);
  }
});

test('other errors, and models that are not in the cache, are left as they are', () => {
  const invalid = new OnnxPredictError('MODEL_INVALID', 'It is no model.');
  const crash = new OnnxPredictError('RUNNER_CRASHED', 'It crashed.');
  expect(suspectCache(invalid, { ...cached, revision: null })).toBe(invalid);
  expect(suspectCache(crash, cached)).toBe(crash);
});
