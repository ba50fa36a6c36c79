import { fork, spawn } from 'node:child_process';
import { copyFileSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorReport } from '../../src/errors.ts';
import { generate } from '../../src/generation/generate.ts';
import { resolveGenerationConfig } from '../../src/generation/generation-config.ts';
import type {
  FromPreparer,
  LocalClassifier,
  LocalSummarizer,
  PreparableModel,
  PreparedFiles,
  ToPreparer,
} from '../../src/protocol.ts';
import type { OnnxAttribute, OnnxGraph } from '../../src/runner/prepare/onnx-model.ts';
import { writeSummarizer } from '../../src/runner/prepare/rewrite-summarizer.ts';
import { createWeightFiles } from '../../src/runner/prepare/weight-files.ts';
import { writeOnnx } from '../../src/runner/prepare/write-onnx.ts';
import { openSession } from '../../src/runner/session.ts';
import { runPreparer, type StartPreparer } from '../../src/runtime/preparer-process.ts';
import { GenerationOptionsSchema, parseArgument } from '../../src/schemas.ts';
import { openDecoder } from '../../src/tasks/open-decoder.ts';
import { childrenOf, cpuTicks, isAlive, waitUntil } from './processes.ts';
import { camelCaseKeys } from './text-models.ts';

const MODELS = join(import.meta.dirname, '../fixtures/models');
const GOLDEN = join(import.meta.dirname, '../golden/generation');
const MAIN_FILE = join(import.meta.dirname, '../../dist/runner/prepare/main.js');
const PROBE = 'probe-main.js';

type Graphs = 'merged' | 'split';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'prepare-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function temporaryFolder(): string {
  return mkdtempSync(join(root, 'model-'));
}

function summarizer(name: string, graphs: Graphs, more: Partial<LocalSummarizer['files']> = {}): LocalSummarizer {
  const path = (file: string) => join(MODELS, name, file);
  const isMerged = graphs === 'merged';
  return {
    task: 'summarization',
    identity: { id: name, revision: null, dtype: 'fp32' },
    files: {
      config: path('config.json'),
      generationConfig: path('generation_config.json'),
      tokenizer: path('tokenizer.json'),
      tokenizerConfig: null,
      specialTokensMap: null,
      encoder: path('onnx/encoder_model.onnx'),
      decoder: path(isMerged ? 'onnx/decoder_model_merged.onnx' : 'onnx/decoder_model.onnx'),
      decoderWithPast: isMerged ? null : path('onnx/decoder_with_past_model.onnx'),
      ...more,
    },
    prepared: null,
    quantize: false,
  };
}

function classifier(model = join(MODELS, 'tiny-segformer/onnx/model.onnx')): LocalClassifier {
  const path = (file: string) => join(MODELS, 'tiny-segformer', file);
  return {
    task: 'image-classification',
    identity: { id: 'tiny-segformer', revision: null, dtype: 'fp32' },
    files: { config: path('config.json'), preprocessorConfig: path('preprocessor_config.json'), model },
    prepared: null,
    quantize: false,
  };
}

const startBuilt: StartPreparer = () =>
  fork(MAIN_FILE, [], { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });

interface PrepareOptions {
  readonly start?: StartPreparer;
  readonly signal?: AbortSignal;
  readonly onStage?: (stage: string) => void;
}

function prepare(model: PreparableModel, folder: string, options: PrepareOptions = {}): Promise<PreparedFiles> {
  const { start = startBuilt, signal = new AbortController().signal, onStage = () => {} } = options;
  return runPreparer({ model, folder }, { signal, timeoutMs: 60_000, onStage }, start);
}

/** Whether all that is in a folder is a file there, and its graphs have their weights there, too. */
function expectComplete(folder: string, { graph, optimized }: PreparedFiles): void {
  for (const name of readdirSync(folder)) expect(lstatSync(join(folder, name)).isFile()).toBe(true);
  for (const name of [...Object.values(graph), ...Object.values(optimized ?? {})]) {
    const locations = externalLocations(readFileSync(join(folder, name)));
    expect(locations.size).toBeGreaterThan(0);
    for (const location of locations) expect(readdirSync(folder)).toContain(location);
  }
}

/** Every text that follows `location` in a graph: the length of either is before it. */
function externalLocations(bytes: Buffer): ReadonlySet<string> {
  const key = Buffer.concat([Uint8Array.of(0x0a, 8), Buffer.from('location'), Uint8Array.of(0x12)]);
  const locations = new Set<string>();
  for (let at = bytes.indexOf(key); at !== -1; at = bytes.indexOf(key, at + 1)) {
    const start = at + key.length + 1;
    locations.add(bytes.toString('utf8', start, start + bytes[start - 1]!));
  }
  return locations;
}

/** How many recorded runs over single texts a model gives again, id for id, and how many there are. */
async function countGolden(
  model: LocalSummarizer,
  runNames: readonly string[],
): Promise<{ readonly same: number; readonly all: number; readonly warnings: readonly string[] }> {
  const { decoder, warnings, release } = await openDecoder(model, { numThreads: 1, openSession });
  const { cases } = readJsonFile(join(GOLDEN, `summaries.${goldenOf(model.identity.id)}.json`)) as Golden;
  const configs = { config: readObject(model.files.config), generationConfig: readObject(model.files.generationConfig!) };
  const runs = cases
    .filter(({ input_ids }) => input_ids.length === 1)
    .flatMap(({ input_ids, runs }) =>
      runNames.flatMap((name) => (runs[name] === undefined ? [] : [{ inputIds: input_ids[0]!, ...runs[name] }])),
    );
  let same = 0;
  for (const { inputIds, effective, ids } of runs) {
    const options = parseArgument(GenerationOptionsSchema, camelCaseKeys(effective));
    const [result] = await Promise.all(generate(decoder, [{ inputIds, config: resolveGenerationConfig(options, configs) }]));
    if (JSON.stringify(result!.sequences[0]!.outputIds) === JSON.stringify(ids[0])) same++;
  }
  await release();
  return { same, all: runs.length, warnings };
}

interface Golden {
  readonly cases: readonly {
    readonly input_ids: readonly (readonly number[])[];
    readonly runs: Readonly<
      Record<string, { readonly effective: Readonly<Record<string, unknown>>; readonly ids: readonly (readonly number[])[] }>
    >;
  }[];
}

const goldenOf = (name: string) => name.replace('-2023', '');

function readJsonFile(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function readObject(path: string): Readonly<Record<string, unknown>> {
  return readJsonFile(path) as Readonly<Record<string, unknown>>;
}

/** The model with what was prepared of it. */
function usePrepared(model: LocalSummarizer, folder: string, names: Readonly<Record<string, string>>, optimized: boolean) {
  const path = (role: string) => join(folder, names[role]!);
  return { ...model, prepared: { encoder: path('encoder'), decoder: path('decoder'), optimized } };
}

/** What a preparer says that it cannot do. */
async function failureOf(model: PreparableModel, start: StartPreparer = startBuilt): Promise<ErrorReport> {
  const child = start();
  const folder = temporaryFolder();
  child.send({ type: 'prepare', model, folder } satisfies ToPreparer);
  const failure = new Promise<ErrorReport>((resolve, reject) => {
    child.on('message', (message: FromPreparer) => {
      if (message.type === 'failed') resolve(message.error);
      else if (message.type === 'prepared') reject(new Error('It was prepared.'));
    });
    child.once('exit', () => reject(new Error('The preparer ended.')));
  });
  return failure.finally(() => child.kill('SIGKILL'));
}

describe.concurrent('prepareModel', () => {
  test.each([
    ['tiny-t5', 'merged', 'fp32'],
    ['tiny-t5', 'merged', 'q8'],
    ['tiny-t5', 'split', 'fp32'],
    ['tiny-bart', 'merged', 'fp32'],
    ['tiny-bart', 'split', 'fp32'],
    ['tiny-bart', 'split', 'q8'],
    ['tiny-t5-2023', 'merged', 'fp32'],
    ['tiny-t5-2023', 'merged', 'q8'],
    ['tiny-bart-2023', 'merged', 'fp32'],
    ['tiny-bart-2023', 'merged', 'q8'],
  ] as const)('makes of %s, %s, for %s graphs that need nothing outside their folder', async (name, graphs, dtype) => {
    const folder = temporaryFolder();
    const model = { ...summarizer(name, graphs), quantize: dtype === 'q8' };
    const files = await prepare(model, folder);
    expect(files.optimized).not.toBeNull();
    expectComplete(folder, files);
    const { same, all, warnings } = await countGolden(usePrepared(model, folder, files.optimized!, true), [
      'greedy',
      'beam4_max6',
    ]);
    expect(warnings).toEqual([]);
    expect(all).toBe(28);
    // With 8 bits other words come now and then, and of tiny models often; docs/summarizing.md counts them.
    if (dtype === 'fp32') expect(same).toBe(all);
    else expect(same).toBeGreaterThan(all / 4);
  });

  test.each(['tiny-t5-2023', 'tiny-bart-2023'])(
    'makes of %s as it is published in 8 bits graphs without its detours',
    async (name) => {
      const folder = temporaryFolder();
      const path = (file: string) => join(MODELS, name, 'onnx', file);
      const files = { encoder: path('encoder_model_quantized.onnx'), decoder: path('decoder_model_merged_quantized.onnx') };
      const published = summarizer(name, 'merged', files);
      const model = { ...published, identity: { ...published.identity, dtype: 'q8' as const } };
      const prepared = await prepare(model, folder);
      expect(prepared.optimized).not.toBeNull();
      expectComplete(folder, prepared);
      for (const graph of Object.values(prepared.graph)) {
        const text = readFileSync(join(folder, graph)).toString('latin1');
        expect(text).toMatch(/MatMulNBits|DynamicQuantizeMatMul/);
        expect(text).not.toMatch(/MatMulInteger|ConvInteger/);
      }
      const { same, all } = await countGolden(usePrepared(model, folder, prepared.optimized!, true), ['greedy', 'beam4_max6']);
      const stock = await countGolden(model, ['greedy', 'beam4_max6']);
      expect(all).toBe(28);
      // Fewer roundings than the published graphs have, not more.
      expect(same).toBeGreaterThanOrEqual(stock.same - 2);
    },
  );

  test('prepares a classifier with 8 bits', async () => {
    const folder = temporaryFolder();
    expectComplete(folder, await prepare({ ...classifier(), quantize: true }, folder));
  });
});

describe.concurrent('a model that is not what its configuration says', () => {
  test.each([
    ['tiny-t5', 'merged', 64, false],
    ['tiny-t5', 'split', 140, true],
    ['tiny-t5-2023', 'merged', 256, true],
  ] as const)('is refused: %s, %s, with a largest distance of %d; quantized: %s', async (name, graphs, maxDistance, quantize) => {
    const config = join(temporaryFolder(), 'config.json');
    const told = { ...readObject(join(MODELS, name, 'config.json')), relative_attention_max_distance: maxDistance };
    writeFileSync(config, JSON.stringify(told));
    const { code, message } = await failureOf({ ...summarizer(name, graphs, { config }), quantize });
    expect(code).toBe('MODEL_INVALID');
    const [, difference] = /^The prepared graphs differ from the model's own by (\d\.\d+) of its scores\.$/.exec(message)!;
    expect(Number(difference)).toBeGreaterThan(1e-3);
  });

  test.each(['null', '[]'])('is refused for a configuration of %s', async (text) => {
    const config = join(temporaryFolder(), 'config.json');
    writeFileSync(config, text);
    expect(await failureOf(summarizer('tiny-t5', 'merged', { config }))).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('no configuration'),
    });
  });

  test('is refused if its encoder is something else', async () => {
    const encoder = classifier().files.model;
    expect(await failureOf(summarizer('tiny-t5', 'merged', { encoder }))).toMatchObject({ code: 'MODEL_INVALID' });
  });

  test('is refused if its decoder is something else', async () => {
    const decoder = classifier().files.model;
    expect(await failureOf(summarizer('tiny-t5', 'merged', { decoder }))).toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe.concurrent('prepared graphs that are damaged', () => {
  test.each<[string, (path: string) => void]>([
    ['cut off', (path) => truncateSync(path, 5000)],
    ['empty', (path) => truncateSync(path, 0)],
    ['something else', (path) => writeFileSync(path, 'not a graph')],
    ['of another kind', (path) => copyFileSync(classifier().files.model, path)],
    ['gone', (path) => rmSync(path)],
  ])('give way to the model’s own with one warning: %s', async (_, damage) => {
    const folder = temporaryFolder();
    const model = summarizer('tiny-t5', 'merged');
    const names = writeSummarizer(model.files, { folder, quantize: false, config: readObject(model.files.config) });
    damage(join(folder, names.decoder));
    const { same, all, warnings } = await countGolden(usePrepared(model, folder, names, false), ['beam4_max6']);
    expect([same, all]).toEqual([7, 7]);
    expect(warnings).toEqual([expect.stringContaining('prepared graphs cannot be loaded')]);
  });

  test('give way as well where weights are gone', async () => {
    const folder = temporaryFolder();
    const model = summarizer('tiny-t5', 'merged');
    const names = writeSummarizer(model.files, { folder, quantize: true, config: readObject(model.files.config) });
    rmSync(join(folder, 'weights.bin'));
    const { same, all, warnings } = await countGolden(usePrepared(model, folder, names, false), ['beam4_max6']);
    expect([same, all, warnings.length]).toEqual([7, 7, 1]);
  });
});

describe.concurrent('a preparer', () => {
  /** A classifier whose loop has no end. */
  function endlessClassifier(): LocalClassifier {
    const value = (name: string, dataType: number, dims: readonly number[]) => ({ name, dataType, dims });
    const node = (opType: string, inputs: string[], outputs: string[], attributes: [string, OnnxAttribute][] = []) => {
      return { opType, domain: '', name: '', inputs, outputs, attributes: new Map(attributes) };
    };
    const truth = { dataType: 9, dims: [], data: Uint8Array.of(1) };
    const body: OnnxGraph = {
      nodes: [node('And', ['going', 'going'], ['goes']), node('Cos', ['state'], ['next'])],
      initializers: new Map(),
      inputs: [value('round', 7, []), value('going', 9, []), value('state', 1, [1])],
      outputs: [value('goes', 9, []), value('next', 1, [1])],
    };
    const graph: OnnxGraph = {
      nodes: [
        node('ReduceMean', ['pixel_values'], ['mean'], [['keepdims', { kind: 'int', value: 0 }]]),
        node('Reshape', ['mean', 'shape'], ['start']),
        node('Loop', ['', 'truth', 'start'], ['logits'], [['body', { kind: 'graph', value: body }]]),
      ],
      initializers: new Map([
        ['truth', truth],
        ['shape', { dataType: 7, dims: [1], data: new Uint8Array(BigInt64Array.of(1n).buffer) }],
      ]),
      inputs: [{ name: 'pixel_values', dataType: 1, dims: ['n', 3, 'h', 'w'] }],
      outputs: [value('logits', 1, [1])],
    };
    const folder = temporaryFolder();
    const weights = createWeightFiles(folder);
    writeOnnx({ irVersion: 8, opsets: new Map([['', 14]]), graph }, { folder, name: 'model.onnx', weights });
    weights.close();
    return classifier(join(folder, 'model.onnx'));
  }

  test('that is killed while it tries a graph without an end takes the one who tries it along', async () => {
    const cancel = new AbortController();
    let preparer = 0;
    const start: StartPreparer = () => {
      const child = startBuilt();
      preparer = child.pid!;
      return child;
    };
    const answer = prepare(endlessClassifier(), temporaryFolder(), { start, signal: cancel.signal });
    const ended = expect(answer).rejects.toThrow('enough');
    const probe = await waitUntil(async () => (await childrenOf(preparer, PROBE))[0]);
    // A quarter of this second goes into loading everything.
    await waitUntil(async () => ((await cpuTicks(probe)) > 100 ? true : undefined));
    cancel.abort(new Error('enough'));
    await ended;
    await waitUntil(async () => (isAlive(probe) ? undefined : true));
  });

  test('says that the disk is full', async () => {
    // No file may be larger than fifty kilobytes or so: what a full disk does to a write, this does too.
    const start: StartPreparer = () =>
      spawn('sh', ['-c', 'ulimit -f 100 && exec "$0" "$1"', process.execPath, MAIN_FILE], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
    const { message } = await failureOf({ ...summarizer('tiny-t5', 'merged'), quantize: true }, start);
    expect(message).toMatch(/EFBIG|too large/);
  });
});
