import { mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readHubEnvironment } from '../../../src/config.ts';
import { cacheLayout } from '../../../src/hub/cache-layout.ts';
import { createHub, hubSettings } from '../../../src/hub/hub.ts';
import type { HubSettings } from '../../../src/hub/hub-settings.ts';
import { createModelManager } from '../../../src/hub/manage-models.ts';
import type { RunnerTask } from '../../../src/protocol.ts';
import type { Dtype } from '../../../src/schemas.ts';
import { type FakeHub, startFakeHub } from '../../hub-server/fake-hub.ts';
import { recordingClock } from '../../hub-server/recording-clock.ts';

const content = (name: string) => Buffer.from(`content of ${name}`);
const files = (...names: string[]) => Object.fromEntries(names.map((name) => [name, content(name)]));
const TOKENIZER = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];
const SHARED = ['README.md', 'config.json', 'generation_config.json', ...TOKENIZER, 'onnx/encoder_model.onnx'];
const MERGED = [...SHARED, 'onnx/decoder_model_merged.onnx'];
const SPLIT = [...SHARED, 'onnx/decoder_model.onnx', 'onnx/decoder_with_past_model.onnx'];

let fake: FakeHub;
let cacheDir: string;
beforeEach(async () => {
  fake = await startFakeHub();
  cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(async () => {
  await fake[Symbol.asyncDispose]();
  await rm(cacheDir, { recursive: true, force: true });
});

function createTestHub(changes: Partial<HubSettings> = {}) {
  const environment = readHubEnvironment({ HF_ENDPOINT: fake.url, HF_HUB_CACHE: cacheDir }, cacheDir);
  return createHub({ ...hubSettings(environment, {}), clock: recordingClock(), random: () => 0, stallMs: 5000, ...changes });
}

function request(model: string, task: RunnerTask = 'summarization', dtype: Dtype = 'fp32') {
  return { task, model, dtype, revision: undefined };
}

function fetched(): (string | undefined)[] {
  const contents = fake.requests.filter(({ url, status }) => /\/resolve(-cache)?\/|cdn/.test(url) && status === 200);
  return [...new Set(contents.map(({ path }) => path))].sort();
}

const namesOf = (paths: object) =>
  Object.fromEntries(Object.entries(paths).map(([role, path]) => [role, path === null ? null : basename(String(path))]));

describe('a summarizer', () => {
  test('is its encoder, its merged decoder, its tokenizer and its rules', async () => {
    fake.addRepository('Xenova/t5-small', files(...MERGED, ...SPLIT, 'onnx/encoder_model_quantized.onnx', 'merges.txt'));
    const model = await createTestHub().resolve(request('t5'), {});
    expect(model.task).toBe('summarization');
    expect(namesOf(model.files)).toEqual({
      config: 'config.json',
      generationConfig: 'generation_config.json',
      tokenizer: 'tokenizer.json',
      tokenizerConfig: 'tokenizer_config.json',
      specialTokensMap: 'special_tokens_map.json',
      encoder: 'encoder_model.onnx',
      decoder: 'decoder_model_merged.onnx',
      decoderWithPast: null,
    });
    const again = fake.requests.length;
    await createTestHub().resolve(request('t5'), {});
    expect(fake.requests).toHaveLength(again);
  });

  test('may have its decoder in two files, and no file that is optional', async () => {
    fake.addRepository('org/split', files(...SPLIT.filter((name) => !/special|generation|tokenizer_config/.test(name))));
    const hub = createTestHub();
    const model = await hub.resolve(request('org/split'), {});
    expect(namesOf(model.files)).toMatchObject({
      decoder: 'decoder_model.onnx',
      decoderWithPast: 'decoder_with_past_model.onnx',
      generationConfig: null,
      specialTokensMap: null,
    });
    const again = fake.requests.length;
    await hub.resolve(request('org/split'), {});
    expect(fake.requests).toHaveLength(again);
  });

  test('comes with weights beside each of its graphs', async () => {
    const data = ['onnx/encoder_model.onnx_data', 'onnx/decoder_model_merged.onnx_data', 'onnx/decoder_model_merged.onnx_data_1'];
    fake.addRepository('org/large', files(...MERGED, ...data));
    const pulled = await createTestHub().pull({ ...request('org/large'), task: undefined }, {});
    expect(pulled.files.map(({ path }) => path)).toEqual(expect.arrayContaining(data));
    expect(pulled.files).toHaveLength(MERGED.length - 1 + data.length);
  });

  test('that is in the cache without its optional files is completed, and used as it is where nobody can be asked', async () => {
    const { commit } = fake.addRepository('Xenova/t5-small', files(...MERGED));
    await createTestHub().resolve(request('t5'), {});
    const optional = cacheLayout(cacheDir, 'Xenova/t5-small').snapshotFile(commit, 'generation_config.json');
    await unlink(optional);
    const without = { generationConfig: null };
    expect(namesOf((await createTestHub({ offline: true }).resolve(request('t5'), {})).files)).toMatchObject(without);
    const unreachable = createTestHub({ endpoint: 'http://127.0.0.1:9' });
    expect(namesOf((await unreachable.resolve(request('t5'), {})).files)).toMatchObject(without);
    expect(namesOf((await createTestHub().resolve(request('t5'), {})).files)).toMatchObject({
      generationConfig: 'generation_config.json',
    });
  });

  test('that a repository does not have is refused with what it has', async () => {
    fake.addRepository('org/other', files('config.json', 'tokenizer.json', 'onnx/model.onnx'));
    fake.addRepository('org/half', files(...SHARED));
    fake.addRepository('Xenova/t5-small', files(...MERGED));
    const message = (model: string, dtype: Dtype = 'fp32') =>
      createTestHub()
        .resolve(request(model, 'summarization', dtype), {})
        .then(
          () => 'resolved',
          (error: Error) => error.message,
        );
    expect(await message('org/other')).toMatch(
      /has no onnx\/encoder_model\.onnx.*no summarizer by that name, only onnx\/model\.onnx/,
    );
    expect(await message('org/half')).toMatch(/has no onnx\/decoder_model_merged\.onnx/);
    expect(await message('t5', 'q8')).toMatch(/has no onnx\/encoder_model_quantized\.onnx \(dtype q8\)\. It is there as: fp32/);
  });
});

describe('a tokenizer', () => {
  test('is fetched without the model', async () => {
    fake.addRepository('Xenova/t5-small', files(...MERGED));
    const model = await createTestHub().resolve(request('t5', 'tokenization'), {});
    expect(model.task).toBe('tokenization');
    expect(fetched()).toEqual([...TOKENIZER].sort());
  });
});

describe('what a repository is for', () => {
  test('is seen from its files', async () => {
    const classifier = ['config.json', 'preprocessor_config.json', 'onnx/model.onnx', 'onnx/model_quantized.onnx'];
    fake.addRepository('org/classifier', files(...classifier));
    fake.addRepository('org/summarizer', files(...MERGED));
    fake.addRepository('org/neither', files('config.json', 'onnx/other.onnx'));
    const hub = createTestHub();
    const models = createModelManager(hub);
    expect(await models.show('org/classifier')).toMatchObject({ task: 'image-classification', variants: [{}, {}] });
    expect(await models.show('org/summarizer')).toMatchObject({ task: 'summarization', variants: [{ dtype: 'fp32' }] });
    expect(await models.show('org/neither')).toMatchObject({ task: null, variants: [] });
    for (const model of ['org/classifier', 'org/summarizer']) {
      await hub.pull({ ...request(model), task: undefined }, {});
    }
    const listed = (await models.list()).filter(({ id }) => id.startsWith('org/'));
    expect(listed).toMatchObject([
      { id: 'org/classifier', task: 'image-classification', dtypes: ['fp32'] },
      { id: 'org/summarizer', task: 'summarization', dtypes: ['fp32'] },
    ]);
    expect(await models.verify()).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await models.remove('org/summarizer')).toMatchObject({ repository: 'org/summarizer' });
  });

  test('of an alias is known without a request', async () => {
    const models = createModelManager(createTestHub({ offline: true }));
    expect(await models.show('bart')).toMatchObject({ task: 'summarization', licence: 'MIT', source: 'registry' });
    expect(await models.show('tiny', { task: 'summarization' })).toMatchObject({ task: 'summarization', source: 'disk' });
    expect(await models.show('tiny')).toMatchObject({ task: 'image-classification' });
  });
});
