import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadTokenizer } from '../../../src/tasks/load-tokenizer.ts';

const FIXTURE = 'test/fixtures/tokenizers/tiny-bart';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-tokenizer-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('tokenizer.json alone is enough', async () => {
  const alone = { tokenizer: `${FIXTURE}/tokenizer.json`, tokenizerConfig: null, specialTokensMap: null };
  const tokenizer = await loadTokenizer(alone);
  expect(tokenizer.encode('Hello world', { maxTokens: null }).ids).toEqual([0, 43, 72, 323, 82, 282, 276, 412, 2]);
  expect(tokenizer.modelMaxLength).toBeNull();
  const all = {
    ...alone,
    tokenizerConfig: `${FIXTURE}/tokenizer_config.json`,
    specialTokensMap: `${FIXTURE}/special_tokens_map.json`,
  };
  expect((await loadTokenizer(all)).modelMaxLength).toBe(128);
});

test('a tokenizer.json that is missing, cut off or enormous is refused by name', async () => {
  const tokenizer = join(folder, 'tokenizer.json');
  const refusal = async () => {
    const loading = loadTokenizer({ tokenizer, tokenizerConfig: null, specialTokensMap: null });
    return loading.then(
      () => 'loaded',
      ({ code, message }) => `${code} ${message}`,
    );
  };
  expect(await refusal()).toBe(`MODEL_INVALID ${tokenizer} cannot be read (ENOENT).`);
  await writeFile(tokenizer, '{"model": {');
  expect(await refusal()).toBe(`MODEL_INVALID ${tokenizer} is not valid JSON; fetch the model again.`);
  await truncate(tokenizer, 65 * 1024 * 1024);
  expect(await refusal()).toContain(`MODEL_INVALID ${tokenizer} is 68157440 bytes; at most 67108864 are read.`);
});
