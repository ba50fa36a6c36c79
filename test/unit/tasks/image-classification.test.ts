import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import type { ClassificationRequest, LocalClassifier } from '../../../src/protocol.ts';
import { type ImageClassifier, loadImageClassifier } from '../../../src/tasks/image-classification.ts';
import type { ImagePreparation, PrepareImage } from '../../../src/tasks/prepare-image.ts';
import type { StepContext } from '../../../src/tasks/step-context.ts';
import type { TensorDescription, TensorSession } from '../../../src/tasks/tensor-session.ts';

const LABELS = { '0': 'Arctic fox, white fox, Alopex lagopus', '1': 'tabby, tabby cat' };
const REQUEST: ClassificationRequest = {
  task: 'image-classification',
  image: { path: '/picture' },
  topK: 5,
  activation: 'softmax',
  minConfidence: null,
  maxPixels: 100,
  ignoreOrientation: false,
};
const PIXEL_VALUES: TensorDescription = { name: 'pixel_values', type: 'float32', dims: [null, 3, null, null] };
const LOGITS: TensorDescription = { name: 'logits', type: 'float32', dims: [null, 2] };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await writeFile(join(folder, 'config.json'), JSON.stringify({ id2label: LABELS }));
  const processor = { image_processor_type: 'ViTImageProcessor', size: { height: 8, width: 8 } };
  await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(processor));
});
afterEach(() => rm(folder, { recursive: true }));

/** A session whose logits are given, and which notes whether it was released. */
class FakeSession implements TensorSession {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly logits: readonly number[];
  released = false;

  constructor(logits: readonly number[], inputs = [PIXEL_VALUES], outputs = [LOGITS]) {
    this.logits = logits;
    this.inputs = inputs;
    this.outputs = outputs;
  }
  async run() {
    return { data: Float32Array.from(this.logits), dims: [1, this.logits.length] };
  }
  async runTensors(): Promise<never> {
    throw new Error('A classifier asks for its scores alone.');
  }
  async release() {
    this.released = true;
  }
}

/** Notes what it was asked for; fails as told. */
function fakePreparation(failure?: Error): { prepareImage: PrepareImage; asked: ImagePreparation[] } {
  const asked: ImagePreparation[] = [];
  const prepareImage: PrepareImage = async (preparation) => {
    asked.push(preparation);
    if (failure !== undefined) throw failure;
    return { pixelValues: { data: new Float32Array(192), dims: [1, 3, 8, 8] }, preprocessMs: 3 };
  };
  return { prepareImage, asked };
}

function context(signal = new AbortController().signal): StepContext & { readonly steps: number } {
  let steps = 0;
  return {
    signal,
    onStep: () => {
      steps += 1;
    },
    get steps() {
      return steps;
    },
  };
}

function load(session: TensorSession, prepareImage: PrepareImage, first?: ClassificationRequest): Promise<ImageClassifier> {
  const model: LocalClassifier = {
    task: 'image-classification',
    identity: { id: 'fake', revision: null, dtype: 'fp32' },
    files: {
      config: join(folder, 'config.json'),
      preprocessorConfig: join(folder, 'preprocessor_config.json'),
      model: join(folder, 'model.onnx'),
    },
    prepared: null,
    quantize: false,
  };
  return loadImageClassifier(model, {
    numThreads: 1,
    first: first === undefined ? undefined : { request: first, context: context() },
    openSession: async () => session,
    prepareImage,
  });
}

describe('an image classifier', () => {
  test('answers with the first synonym, scores and the time that the picture took', async () => {
    const { prepareImage, asked } = fakePreparation();
    const classifier = await load(new FakeSession([2, 1]), prepareImage);
    const answer = await classifier.classify(REQUEST, context());
    expect(answer).toMatchObject({ classLabel: 'Arctic fox', timings: { preprocessMs: 3 } });
    expect(answer.top.map(({ index }) => index)).toEqual([0, 1]);
    expect(answer.score).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
    expect(asked).toMatchObject([{ image: { path: '/picture' }, maxPixels: 100 }]);
  });

  test('prepares the picture of its first request while it loads, once', async () => {
    const { prepareImage, asked } = fakePreparation();
    const classifier = await load(new FakeSession([2, 1]), prepareImage, REQUEST);
    expect(asked).toHaveLength(1);
    await classifier.classify(REQUEST, context());
    expect(asked).toHaveLength(1);
    await classifier.classify(REQUEST, context());
    expect(asked).toHaveLength(2);
  });

  test('forgets what it prepared ahead if another request comes first', async () => {
    const { prepareImage, asked } = fakePreparation();
    const classifier = await load(new FakeSession([2, 1]), prepareImage, REQUEST);
    await classifier.classify({ ...REQUEST, image: { path: '/other' } }, context());
    await classifier.classify(REQUEST, context());
    expect(asked.map(({ image }) => image)).toEqual([{ path: '/picture' }, { path: '/other' }, { path: '/picture' }]);
  });

  test('loads though the picture of its first request is bad, which fails that request alone', async () => {
    const bad = new OnnxPredictError('IMAGE_INVALID', 'The picture cannot be decoded.');
    const classifier = await load(new FakeSession([2, 1]), fakePreparation(bad).prepareImage, REQUEST);
    await expect(classifier.classify(REQUEST, context())).rejects.toBe(bad);
  });

  test('shows a sign of life before it runs the model, and does not run it once it is cancelled', async () => {
    const classifier = await load(new FakeSession([2, 1]), fakePreparation().prepareImage);
    const alive = context();
    await classifier.classify(REQUEST, alive);
    expect(alive.steps).toBe(1);
    const reason = new Error('changed my mind');
    await expect(classifier.classify(REQUEST, context(AbortSignal.abort(reason)))).rejects.toBe(reason);
  });

  test('abstains below the confidence asked for', async () => {
    const classifier = await load(new FakeSession([2, 1]), fakePreparation().prepareImage);
    expect((await classifier.classify({ ...REQUEST, minConfidence: 0.74 }, context())).classLabel).toBeNull();
    expect((await classifier.classify({ ...REQUEST, minConfidence: 0.73 }, context())).classLabel).toBe('Arctic fox');
  });

  test.each([
    ['two inputs', new FakeSession([1, 2], [PIXEL_VALUES, { ...PIXEL_VALUES, name: 'mask' }]), 'no image classifier'],
    ['four channels', new FakeSession([1, 2], [{ ...PIXEL_VALUES, dims: [1, 4, 8, 8] }]), '4 channels'],
    ['another size', new FakeSession([1, 2], [{ ...PIXEL_VALUES, dims: [1, 3, 9, 8] }]), '8 x 9'],
    ['no output', new FakeSession([1, 2], [PIXEL_VALUES], []), 'no output'],
    ['other labels', new FakeSession([1, 2], [PIXEL_VALUES], [{ ...LOGITS, dims: [1, 3] }]), '3 scores'],
  ])('whose model has %s is refused by name and released', async (_, session, problem) => {
    await expect(load(session, fakePreparation().prepareImage)).rejects.toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining(problem) as string }) as Error,
    );
    expect(session.released).toBe(true);
  });

  test.each([
    ['too few scores', [1]],
    ['scores that are no numbers', [1, Number.NaN]],
    ['infinite scores', [1, Infinity]],
    ['scores that are all impossible', [-Infinity, -Infinity]],
  ])('does not guess from %s', async (_, logits) => {
    const classifier = await load(new FakeSession(logits), fakePreparation().prepareImage);
    await expect(classifier.classify(REQUEST, context())).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
