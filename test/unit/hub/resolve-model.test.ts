import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { resolveImageClassifier } from '../../../src/hub/resolve-model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await mkdir(join(folder, 'onnx'));
  for (const file of ['config.json', 'preprocessor_config.json', 'onnx/model.onnx', 'onnx/model_quantized.onnx']) {
    await writeFile(join(folder, file), '');
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function refusal(name: string, dtype: 'fp32' | 'q4' = 'fp32'): Promise<string> {
  const error: unknown = await resolveImageClassifier(name, dtype).catch((error: unknown) => error);
  return error instanceof OnnxPredictError ? `${error.code}: ${error.message}` : 'no error';
}

describe('a model name', () => {
  test('may be the built-in model', async () => {
    const model = await resolveImageClassifier('tiny', 'q8');
    expect(model.files.model).toMatch(/models.tiny-image-classifier.onnx.model_quantized\.onnx$/);
    expect(model.identity).toEqual({ id: 'tiny', revision: null, dtype: 'q8' });
  });

  test('may be a folder in Hub layout', async () => {
    expect((await resolveImageClassifier(folder, 'fp32')).files).toEqual({
      config: join(folder, 'config.json'),
      preprocessorConfig: join(folder, 'preprocessor_config.json'),
      model: join(folder, 'onnx', 'model.onnx'),
    });
  });

  test.each([
    ['mit-b0', 'MODEL_NOT_AVAILABLE'],
    ['some-org/some-model', 'MODEL_NOT_AVAILABLE'],
    ['some-org/some-model@main', 'MODEL_NOT_AVAILABLE'],
  ])('%s that is not on the disk is refused with the built-in model as the remedy', async (name, code) => {
    const message = await refusal(name);
    expect(message).toContain(code);
    expect(message).toContain('--model tiny');
  });

  test('that means nothing is refused with the aliases that exist', async () => {
    expect(await refusal('tinny')).toMatch(/^MODEL_UNKNOWN: .*tinny.*mit-b0, tiny/);
  });

  test('of a file is refused with what a model is', async () => {
    expect(await refusal(join(folder, 'onnx', 'model.onnx'))).toMatch(/^MODEL_UNKNOWN: .*is a file.*folder/);
  });
});

describe('an incomplete folder', () => {
  test.each(['config.json', 'preprocessor_config.json'])('without %s is refused by that name', async (file) => {
    await rm(join(folder, file));
    expect(await refusal(folder)).toMatch(`MODEL_INVALID: Model ${folder} is incomplete: ${join(folder, file)} is missing`);
  });

  test('with a folder in a file’s place is refused', async () => {
    await rm(join(folder, 'config.json'));
    await mkdir(join(folder, 'config.json'));
    expect(await refusal(folder)).toContain('config.json is not a regular file');
  });

  test('without the dtype asked for names those that it has', async () => {
    expect(await refusal(folder, 'q4')).toMatch(/^MODEL_NOT_AVAILABLE: .*model_q4\.onnx.*fp32, q8/);
  });

  test('without any model says so', async () => {
    await rm(join(folder, 'onnx'), { recursive: true });
    expect(await refusal(folder)).toMatch(/^MODEL_INVALID: .*no model at all/);
  });
});
