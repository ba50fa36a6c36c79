import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readHubEnvironment } from '../../src/config.ts';
import { hubSettings } from '../../src/hub/hub.ts';
import { openConnection } from '../../src/hub/hub-connection.ts';
import { listRepository } from '../../src/hub/list-repository.ts';

const ENVIRONMENT = readHubEnvironment();
/** The picture and the answer of the transformers documentation for nvidia/mit-b0. */
const CATS = `${ENVIRONMENT.endpoint}/datasets/huggingface/cats-image/resolve/main/cats_image.jpeg`;
const ARCTIC_FOX = process.env['ARCTIC_FOX_PHOTO'];
/** A JSON file of articles and the summaries that the tests of transformers expect of them. */
const EXPECTED_SUMMARIES = process.env['EXPECTED_SUMMARIES'];
const BILL =
  'Jackie Robinson Commemorative Coin Act - Directs the Secretary of the Treasury to: (1) mint and issue one-dollar silver coins ' +
  'emblematic of Jackie Robinson in commemoration of the 50th anniversary of the breaking of the color barrier in major league ' +
  'baseball; and (2) distribute surcharge proceeds to the Jackie Robinson Foundation to enhance its education and youth leadership ' +
  'programs, and increase the availability of scholarships for economically disadvantaged youths.';

interface ExpectedSummaries {
  readonly id: string;
  readonly articles: readonly string[];
  readonly expected_raw: readonly string[];
}

async function isReachable(): Promise<boolean> {
  const signal = AbortSignal.timeout(10_000);
  return fetch(`${ENVIRONMENT.endpoint}/Xenova/mit-b0/resolve/main/config.json`, { method: 'HEAD', signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}

describe.skipIf(!(await isReachable()))(`the real Hub (needs ${ENVIRONMENT.endpoint})`, () => {
  let engine: Engine;
  let cacheDir: string;
  beforeAll(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'onnx-predict-hub-'));
    engine = createEngine({ cacheDir, offline: false });
  });
  afterAll(async () => {
    await engine.close();
    await rm(cacheDir, { recursive: true });
  });

  test('has mit-b0 in the dtypes and about the sizes that we say', async () => {
    const { variants, revision } = await engine.models.show('mit-b0');
    expect(revision).toMatch(/^[0-9a-f]{40}$/);
    const sizes = new Map(variants.map(({ dtype, sizeBytes }) => [dtype, sizeBytes / 1e6]));
    expect([...sizes.keys()]).toEqual(expect.arrayContaining(['fp32', 'fp16', 'q8']));
    expect(sizes.get('fp32')).toBeGreaterThan(13);
    expect(sizes.get('fp32')).toBeLessThan(17);
  });

  test('gives mit-b0, whose files are what it declares, and which names the cats of the documentation', async () => {
    const cats = new Uint8Array(await (await fetch(CATS)).arrayBuffer());
    const { top, model } = await engine.classify(cats, { model: 'mit-b0' });
    expect(top[0]?.label).toBe('tabby, tabby cat');
    expect(await engine.models.verify('mit-b0')).toMatchObject([{ revision: model.revision, ok: true }]);
  });

  test.skipIf(ARCTIC_FOX === undefined)('gives mit-b0, which names an Arctic fox (needs ARCTIC_FOX_PHOTO)', async () => {
    expect((await engine.classify(ARCTIC_FOX ?? '')).classLabel).toBe('Arctic fox');
  });

  test('gives t5, which says hello as the tests of transformers expect', async () => {
    const rules = { numBeams: 1, maxLength: 8, minLength: null, noRepeatNgramSize: null, prefix: '' } as const;
    expect((await engine.summarize('summarize: Hello there', { ...rules, model: 't5' })).summary).toBe('Hello there!');
    expect(await engine.models.verify('t5')).toMatchObject([{ ok: true }]);
  });

  test('gives bart, which summarizes the bill of the tutorial in its words', { timeout: 3_600_000 }, async () => {
    const { summary, stopReason } = await engine.summarize(BILL, { model: 'bart', minLength: 10, maxLength: 30 });
    expect(summary).toBe(
      'Jackie Robinson Commemorative Coin Act - Directs the Secretary of the Treasury to issue one-dollar silver coins emblematic of Jackie',
    );
    expect(stopReason).toBe('eos');
  });

  test.skipIf(EXPECTED_SUMMARIES === undefined)(
    'gives bart, which summarizes articles as the tests of transformers expect (needs EXPECTED_SUMMARIES)',
    { timeout: 3_600_000 },
    async () => {
      const known = JSON.parse(await readFile(EXPECTED_SUMMARIES ?? '', 'utf8')) as ExpectedSummaries[];
      const { articles, expected_raw } = known.find(({ id }) => id === 'bart-large-cnn_same_as_fairseq')!;
      for (const [place, article] of articles.entries()) {
        const { summary } = await engine.summarize(article, { model: 'bart', prefix: '', numBeams: 2 });
        expect(summary).toBe(expected_raw[place]!.replace(/<\/?s>|<pad>/g, ''));
      }
    },
  );

  test('declares the file of t5-small that its page shows', async () => {
    const connection = await openConnection(hubSettings(ENVIRONMENT, {}));
    const { signal } = new AbortController();
    const { files } = await listRepository(
      connection,
      { repository: 'Xenova/t5-small', revision: 'main' },
      { wanted: [], signal },
    );
    const file = files.get('onnx/decoder_model_merged_quantized.onnx');
    expect(file?.etag).toMatch(/^[0-9a-f]{64}$/);
    expect((file?.sizeBytes ?? 0) / 1e6).toBeGreaterThan(40);
  });

  test('refuses what does not exist by the right name', async () => {
    const codeOf = (promise: Promise<unknown>) => promise.catch((error: { code?: string }) => error.code);
    expect(await codeOf(engine.pull('Xenova/there-is-no-such-model'))).toBe('REPOSITORY_NOT_FOUND');
    expect(await codeOf(engine.pull('Xenova/mit-b0', { revision: 'there-is-no-such-branch' }))).toBe('REVISION_NOT_FOUND');
    expect(await codeOf(engine.pull('Xenova/mit-b0', { dtype: 'bnb4' }))).toBe('MODEL_NOT_AVAILABLE');
  });
});
