import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { locateModel } from '../../../src/hub/locate-model.ts';
import { readModelFolder } from '../../../src/hub/read-model-folder.ts';

const CLASSIFIER = { task: 'image-classification', dtype: 'fp32' } as const;
const CLASSIFIER_Q8 = { task: 'image-classification', dtype: 'q8' } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await mkdir(join(folder, 'onnx'));
  for (const file of ['config.json', 'preprocessor_config.json', 'onnx/model.onnx', 'onnx/model_quantized.onnx']) {
    await writeFile(join(folder, file), '');
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((error: unknown) => error);
  return error instanceof OnnxPredictError ? `${error.code}: ${error.message}` : 'no error';
}

describe('a model name', () => {
  test('may be the built-in model', async () => {
    const location = await locateModel('tiny');
    expect(location).toMatchObject({ kind: 'folder', id: 'tiny', builtin: { licence: expect.any(String) as string } });
    const model = await readModelFolder('tiny', 'folder' in location ? location.folder : '', CLASSIFIER_Q8);
    expect(model).toMatchObject({
      files: { model: expect.stringMatching(/models.tiny-image-classifier.onnx.model_quantized\.onnx$/) as string },
    });
    expect(model.identity).toEqual({ id: 'tiny', revision: null, dtype: 'q8' });
  });

  test('may be a folder in Hub layout', async () => {
    expect(await locateModel(folder)).toEqual({ kind: 'folder', id: folder, folder, task: undefined, builtin: undefined });
    expect((await readModelFolder(folder, folder, CLASSIFIER)).files).toEqual({
      config: join(folder, 'config.json'),
      preprocessorConfig: join(folder, 'preprocessor_config.json'),
      model: join(folder, 'onnx', 'model.onnx'),
    });
  });

  test.each([
    ['mit-b0', undefined, { alias: 'mit-b0', reference: { repository: 'Xenova/mit-b0', revision: 'main' } }],
    ['mit-b0', 'v2', { reference: { repository: 'Xenova/mit-b0', revision: 'v2' } }],
    ['mit-b0@v2', undefined, { alias: 'mit-b0', reference: { repository: 'Xenova/mit-b0', revision: 'v2' } }],
    ['Xenova/mit-b0', undefined, { alias: null, registered: { upstream: 'nvidia/mit-b0' } }],
    ['some-org/some-model@dev', undefined, { reference: { repository: 'some-org/some-model', revision: 'dev' } }],
  ])('%s with the revision %s means a repository', async (name, revision, expected) => {
    expect(await locateModel(name, { revision })).toMatchObject({ kind: 'repository', ...expected });
  });

  test('means a model of the task, and says what the alias is for where it has none', async () => {
    expect(await locateModel('tiny', { task: 'summarization' })).toMatchObject({
      task: 'summarization',
      folder: expect.stringMatching(/models.tiny-summarizer$/) as string,
    });
    expect(await locateModel('t5', { task: 'summarization' })).toMatchObject({ reference: { repository: 'Xenova/t5-small' } });
    expect(await refusal(locateModel('t5', { task: 'image-classification' }))).toBe(
      'MODEL_UNKNOWN: Model t5 is for summarization, not for image-classification; known for that: mit-b0, tiny.',
    );
  });

  test.each([
    ['tiny', 'built in'],
    ['models', 'folder'],
  ])('%s has no revisions', async (name, reason) => {
    expect(await refusal(locateModel(name, { revision: 'main' }))).toMatch(`INVALID_ARGUMENT: Model ${name} is`);
    expect(await refusal(locateModel(name, { revision: 'main' }))).toContain(reason);
  });

  test.each(['some-org/.x', 'a/b.git', 'org/model@../x'])('%s that could leave the cache folder is refused', async (name) => {
    expect(await refusal(locateModel(name))).toMatch(/^INVALID_ARGUMENT|^MODEL_UNKNOWN/);
  });

  test('that means nothing is refused with the aliases that exist', async () => {
    expect(await refusal(locateModel('tinny'))).toMatch(/^MODEL_UNKNOWN: .*tinny.*mit-b0, t5, bart, distilbart, tiny/);
    expect(await refusal(locateModel('tinny', { task: 'summarization' }))).toMatch(/known: t5, bart, distilbart, tiny\)/);
  });

  test('of a file is refused with what a model is', async () => {
    expect(await refusal(locateModel(join(folder, 'onnx', 'model.onnx')))).toMatch(/^MODEL_UNKNOWN: .*is a file.*folder/);
  });
});

describe('an incomplete folder', () => {
  test.each(['config.json', 'preprocessor_config.json'])('without %s is refused by that name', async (file) => {
    await rm(join(folder, file));
    const message = await refusal(readModelFolder(folder, folder, CLASSIFIER));
    expect(message).toMatch(`MODEL_INVALID: Model ${folder} is incomplete: ${join(folder, file)} is missing`);
  });

  test('with a folder in a file’s place is refused', async () => {
    await rm(join(folder, 'config.json'));
    await mkdir(join(folder, 'config.json'));
    expect(await refusal(readModelFolder(folder, folder, CLASSIFIER))).toContain('config.json is not a regular file');
  });

  test('without the dtype asked for names those that it has', async () => {
    const message = await refusal(readModelFolder(folder, folder, { ...CLASSIFIER, dtype: 'q4' }));
    expect(message).toMatch(/^MODEL_NOT_AVAILABLE: .*model_q4\.onnx.*fp32 \(0 B\), q8 \(0 B\)/);
  });

  test('without any model says so', async () => {
    await rm(join(folder, 'onnx'), { recursive: true });
    expect(await refusal(readModelFolder(folder, folder, CLASSIFIER))).toMatch(/^MODEL_INVALID: .*no model at all/);
  });
});
