import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheLayout } from '../../../src/hub/cache-layout.ts';
import { describeModel } from '../../../src/hub/describe-model.ts';

const COMMIT = 'b'.repeat(40);
const SUMMARIZER = [
  'tokenizer.json',
  'onnx/encoder_model.onnx',
  'onnx/decoder_model_merged.onnx',
  'onnx/encoder_model_quantized.onnx',
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const describeIt = (model: string) => describeModel(model, { cacheDir: folder });

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

const summarizer = (config: object, tokenizer: object) => ({
  ...Object.fromEntries(SUMMARIZER.map((name) => [name, 'x'])),
  'config.json': JSON.stringify(config),
  'tokenizer_config.json': JSON.stringify(tokenizer),
});

test('a name that stands for a model of each task is described for both', async () => {
  const builtin = { repository: null, revision: null, dtypes: ['fp32', 'q8'], licence: 'MIT, as this package', upstream: null };
  expect(await describeIt('tiny')).toEqual([
    { task: 'image-classification', ...builtin, maxInputTokens: null },
    { task: 'summarization', ...builtin, maxInputTokens: 512 },
  ]);
});

test('an alias that nothing is on the disk of is described by the registry', async () => {
  expect(await describeIt('t5')).toEqual([
    {
      task: 'summarization',
      repository: 'Xenova/t5-small',
      revision: null,
      dtypes: [],
      maxInputTokens: null,
      licence: 'Apache-2.0',
      upstream: 'google-t5/t5-small',
    },
  ]);
});

test('a repository in the cache is described by its files, and one that is not by nothing', async () => {
  const layout = cacheLayout(folder, 'mine/summarizer');
  await write(layout.snapshot(COMMIT), summarizer({ max_position_embeddings: 1024 }, { model_max_length: 1e30 }));
  await write(dirname(layout.ref('main')), { main: COMMIT });
  expect(await describeIt('mine/summarizer')).toEqual([
    {
      task: 'summarization',
      repository: 'mine/summarizer',
      revision: COMMIT,
      dtypes: ['fp32'],
      maxInputTokens: 1024,
      licence: null,
      upstream: null,
    },
  ]);
  expect(await describeIt('mine/other')).toEqual([]);
});

describe('a folder', () => {
  test.each([
    [{ n_positions: 512 }, { model_max_length: 300 }, 300],
    [{ n_positions: '512' }, {}, 512],
    [{ max_position_embeddings: 64 }, { model_max_length: -1 }, 64],
  ])('says how much is read of a text: %j and %j', async (config, tokenizer, maxInputTokens) => {
    await write(folder, summarizer(config, tokenizer));
    expect(await describeIt(folder)).toMatchObject([{ task: 'summarization', repository: null, revision: null, maxInputTokens }]);
  });

  test('whose configuration cannot be read is described without it', async () => {
    await write(folder, { ...summarizer({}, {}), 'config.json': '{' });
    expect(await describeIt(folder)).toMatchObject([{ maxInputTokens: 512 }]);
  });

  test('without a model is for nothing', async () => {
    expect(await describeIt(folder)).toEqual([]);
  });
});

test('a name of nothing is refused', async () => {
  await expect(describeIt('nosuch')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
});
