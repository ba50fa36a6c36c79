/**
 * By how much summaries differ from those in fp32 when the weights have 8 bits: as they are prepared here, and as they are published.
 *
 *     npm run bench:q8 -- [--model FOLDER]... [--json]
 *
 * Measured are the small models of the tests, the built-in one and each T5- or BART-family model in Hub layout that `--model` names; a
 * folder takes the place of the model that has its name. What is expected are the runs that were recorded of Python's transformers
 * (test/golden), and of models without such what their own fp32 graphs say to texts of this repository.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generate } from '../dist/generation/generate.js';
import { resolveGenerationConfig } from '../dist/generation/generation-config.js';
import { createEngine } from '../dist/index.js';
import { prepareModel } from '../dist/runner/prepare/prepare-model.js';
import { openSession } from '../dist/runner/session.js';
import { openDecoder } from '../dist/tasks/open-decoder.js';
import { mean } from './statistics.js';

/** @typedef {import('../dist/protocol.js').LocalSummarizer} LocalSummarizer */
/** @typedef {Readonly<Record<string, unknown>>} Fields */

/**
 * @typedef {object} Run
 * @property {number[]} inputIds
 * @property {import('../dist/schemas.js').GenerationOptions} options
 * @property {number[] | null} expected the output's ids; null: what fp32 gives
 */

const OWN_MODELS = ['test/fixtures/models/tiny-t5', 'test/fixtures/models/tiny-bart', 'models/tiny-summarizer'];
const NUM_TEXTS = 24;
const WORDS_PER_TEXT = 120;
/** Settings for texts of which nothing is recorded. */
const SETTINGS = [
  { numBeams: 1, minLength: 0, maxLength: 80 },
  { numBeams: 4, minLength: 20, maxLength: 80, lengthPenalty: 2, noRepeatNgramSize: 3 },
];

const { values: flags } = parseArgs({
  options: { model: { type: 'string', multiple: true, default: [] }, json: { type: 'boolean', default: false } },
});
const repository = fileURLToPath(new URL('..', import.meta.url));
const named = flags.model.map((folder) => resolve(folder));
const names = new Set(named.map((folder) => basename(folder)));
const folders = [
  ...OWN_MODELS.map((folder) => join(repository, folder)).filter((folder) => !names.has(basename(folder))),
  ...named,
];

/** @param {string} path @returns {Promise<Fields>} */
async function readObject(path) {
  return JSON.parse(await readFile(path, 'utf8'));
}

/**
 * A model's graphs of one dtype; undefined if it does not have them.
 * @param {string} folder
 * @param {'' | '_quantized'} suffix
 * @returns {LocalSummarizer | undefined}
 */
function modelIn(folder, suffix) {
  const file = (/** @type {string} */ name) => join(folder, name);
  const encoder = file(`onnx/encoder_model${suffix}.onnx`);
  const decoder = file(`onnx/decoder_model_merged${suffix}.onnx`);
  if (!existsSync(encoder) || !existsSync(decoder)) return undefined;
  return {
    task: 'summarization',
    identity: { id: basename(folder), revision: null, dtype: suffix === '' ? 'fp32' : 'q8' },
    files: {
      config: file('config.json'),
      generationConfig: file('generation_config.json'),
      tokenizer: file('tokenizer.json'),
      tokenizerConfig: null,
      specialTokensMap: null,
      encoder,
      decoder,
      decoderWithPast: null,
    },
    prepared: null,
    quantize: false,
  };
}

/**
 * The recorded runs over single texts, of the model that an export is of.
 * @param {string} folder
 * @returns {Promise<Run[] | undefined>}
 */
async function recordedRuns(folder) {
  const path = join(repository, `test/golden/generation/summaries.${basename(folder).replace(/-2023$/, '')}.json`);
  if (!existsSync(path)) return undefined;
  /** @type {{ cases: { input_ids: number[][], runs: Record<string, { effective: Fields, ids: number[][] }> }[] }} */
  const { cases } = JSON.parse(await readFile(path, 'utf8'));
  return cases
    .filter(({ input_ids }) => input_ids.length === 1)
    .flatMap(({ input_ids, runs }) =>
      Object.values(runs).map(({ effective, ids }) => ({
        inputIds: /** @type {number[]} */ (input_ids[0]),
        options: camelCaseKeys(effective),
        expected: ids[0] ?? null,
      })),
    );
}

/** @param {Fields} fields */
function camelCaseKeys(fields) {
  const camel = (/** @type {string} */ name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camel(name), value]));
}

/** @param {string} folder @param {Fields} config @returns {Promise<Run[]>} */
async function runsOverTexts(folder, config) {
  const sources = ['examples/lighthouse.txt', 'README.md', 'docs/images.md', 'docs/serving.md', 'docs/http.md', 'LICENSE'];
  const texts = await Promise.all(sources.map((source) => readFile(join(repository, source), 'utf8')));
  const words = texts.join('\n').split(/\s+/);
  const stride = Math.floor((words.length - WORDS_PER_TEXT) / NUM_TEXTS);
  const special = /** @type {any} */ (config['task_specific_params'])?.summarization?.prefix;
  const prefix = special ?? config['prefix'] ?? '';
  const engine = createEngine({ offline: true, prepare: 'never' });
  /** @type {Run[]} */
  const runs = [];
  for (let place = 0; place < NUM_TEXTS; place++) {
    const text = prefix + words.slice(place * stride, place * stride + WORDS_PER_TEXT).join(' ');
    const { ids } = await engine.tokenize(text, { model: folder });
    for (const options of SETTINGS) runs.push({ inputIds: [...ids], options, expected: null });
  }
  await engine.close();
  return runs;
}

/**
 * What a model gives to each run.
 * @param {LocalSummarizer} model
 * @param {readonly Run[]} runs
 */
async function outputsOf(model, runs) {
  const { decoder, warnings, release } = await openDecoder(model, { numThreads: 1, openSession });
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
  const { config, generationConfig } = model.files;
  const configs = {
    config: await readObject(config),
    generationConfig: generationConfig === null || !existsSync(generationConfig) ? null : await readObject(generationConfig),
  };
  /** @type {number[][]} */
  const outputs = [];
  for (const { inputIds, options } of runs) {
    const [answer] = generate(decoder, [{ inputIds, config: resolveGenerationConfig(options, configs) }]);
    outputs.push([.../** @type {any} */ (await answer).sequences[0].outputIds]);
  }
  await release();
  return outputs;
}

/**
 * What a model quantized by ourselves gives.
 * @param {LocalSummarizer} model
 * @param {readonly Run[]} runs
 */
async function preparedOutputs(model, runs) {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-bench-'));
  try {
    const { graph, optimized } = await prepareModel({ ...model, quantize: true }, { folder, onStage() {} });
    const path = (/** @type {string} */ role) => join(folder, /** @type {string} */ ((optimized ?? graph)[role]));
    const prepared = { encoder: path('encoder'), decoder: path('decoder'), optimized: optimized !== null };
    return await outputsOf({ ...model, prepared }, runs);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The share of equal tokens in the same places. @param {readonly number[]} expected @param {readonly number[]} got */
function agreement(expected, got) {
  // The start token is given, and padding says nothing.
  const length = Math.max(expected.length, got.length);
  const equal = expected.filter((id, place) => id === got[place]).length;
  return (equal - 1) / (length - 1);
}

/**
 * @param {readonly (readonly number[])[]} expected
 * @param {readonly (readonly number[])[] | undefined} got undefined: there is no such file
 */
function compare(expected, got) {
  if (got === undefined) return null;
  const agreements = expected.map((ids, run) => agreement(ids, got[run] ?? []));
  const numSame = agreements.filter((share) => share === 1).length;
  return { numSame, numRuns: expected.length, meanAgreement: mean(agreements), worstAgreement: Math.min(...agreements) };
}

/** @param {string} folder */
async function measure(folder) {
  const model = modelIn(folder, '');
  if (model === undefined) throw new Error(`${folder} has no onnx/encoder_model.onnx and onnx/decoder_model_merged.onnx.`);
  const runs = (await recordedRuns(folder)) ?? (await runsOverTexts(folder, await readObject(model.files.config)));
  const expected = runs.every(({ expected }) => expected !== null)
    ? runs.map(({ expected }) => /** @type {number[]} */ (expected))
    : await outputsOf(model, runs);
  const prepared = await preparedOutputs(model, runs);
  const published = modelIn(folder, '_quantized');
  const stock = published && (await outputsOf(published, runs));
  return [true, false].map((greedy) => {
    const places = runs.flatMap(({ options }, place) => ((options.numBeams === 1) === greedy ? [place] : []));
    const take = (/** @type {readonly (readonly number[])[]} */ outputs) => places.map((place) => outputs[place] ?? []);
    return {
      model: basename(folder),
      search: greedy ? 'greedy' : 'beams',
      prepared: compare(take(expected), take(prepared)),
      stock: compare(take(expected), stock && take(stock)),
    };
  });
}

/** @param {ReturnType<typeof compare>} result */
function cells(result) {
  if (result === null) return ['-', '-', '-'];
  const percent = (/** @type {number} */ share) => `${Math.floor(100 * share)} %`;
  const { numSame, numRuns, meanAgreement, worstAgreement } = result;
  return [`${numSame} of ${numRuns}`, percent(meanAgreement), percent(worstAgreement)];
}

/** @param {readonly string[]} row */
function writeRow(row) {
  process.stdout.write(`| ${row.join(' | ')} |\n`);
}

const columns = ['same ids', 'tokens in mean', 'tokens at worst'];
const header = [
  'model',
  'search',
  ...columns.map((column) => `prepared: ${column}`),
  ...columns.map((column) => `published: ${column}`),
];
if (!flags.json) for (const row of [header, header.map(() => '---')]) writeRow(row);
for (const folder of folders) {
  for (const result of await measure(folder)) {
    if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    else writeRow([result.model, result.search, ...cells(result.prepared), ...cells(result.stock)]);
  }
}
