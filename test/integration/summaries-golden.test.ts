import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Decoder } from '../../src/generation/decoder.ts';
import { type GenerationResult, generate } from '../../src/generation/generate.ts';
import { type GenerationConfig, resolveGenerationConfig } from '../../src/generation/generation-config.ts';
import { writeSummarizer } from '../../src/runner/prepare/rewrite-summarizer.ts';
import { openSession } from '../../src/runner/session.ts';
import { GenerationOptionsSchema, parseArgument } from '../../src/schemas.ts';
import { createPreparedDecoder } from '../../src/tasks/prepared-decoder.ts';
import { createSeq2SeqDecoder } from '../../src/tasks/seq2seq-decoder.ts';
import type { TensorSession } from '../../src/tasks/tensor-session.ts';

interface Golden {
  readonly cases: readonly {
    readonly input_ids: readonly (readonly number[])[];
    readonly runs: Readonly<Record<string, GoldenRun>>;
  }[];
}

interface GoldenRun {
  readonly effective: Readonly<Record<string, unknown>>;
  readonly ids: readonly (readonly number[])[];
  readonly scores?: readonly number[];
}

const TEST = join(import.meta.dirname, '..');

interface OpenedDecoder {
  readonly decoder: Decoder;
  readonly sessions: readonly TensorSession[];
}

/** A decoder of one of the fixture models: over its own graphs, or over those that are prepared of them in `folder`. */
async function openDecoder(
  model: string,
  graphs: 'merged' | 'split',
  folder: string | null,
  { quantize = false } = {},
): Promise<OpenedDecoder> {
  const path = (file: string) => join(TEST, 'fixtures/models', model, 'onnx', `${file}.onnx`);
  const files = {
    encoder: path('encoder_model'),
    decoder: path(graphs === 'merged' ? 'decoder_model_merged' : 'decoder_model'),
    decoderWithPast: graphs === 'merged' ? null : path('decoder_with_past_model'),
  };
  const open = (path: string) => openSession(path, { numThreads: 1 });
  if (folder !== null) {
    const { config } = await readConfigs(model);
    const prepared = writeSummarizer(files, { folder, quantize, config });
    const [encoder, decoder] = [await open(join(folder, prepared.encoder)), await open(join(folder, prepared.decoder))];
    return { decoder: createPreparedDecoder({ encoder, decoder }), sessions: [encoder, decoder] };
  }
  const [encoder, decoder] = [await open(files.encoder), await open(files.decoder)];
  const decoderWithPast = files.decoderWithPast === null ? null : await open(files.decoderWithPast);
  const sessions = [encoder, decoder, decoderWithPast].filter((session): session is TensorSession => session !== null);
  return { decoder: createSeq2SeqDecoder({ encoder, decoder, decoderWithPast }), sessions };
}

async function readGolden(name: string): Promise<Golden['cases']> {
  return (JSON.parse(await readFile(join(TEST, 'golden/generation', `${name}.json`), 'utf8')) as Golden).cases;
}

async function readConfigs(model: string) {
  const read = async (file: string): Promise<Readonly<Record<string, unknown>>> =>
    JSON.parse(await readFile(join(TEST, 'fixtures/models', model, file), 'utf8'));
  return { config: await read('config.json'), generationConfig: await read('generation_config.json') };
}

/** `no_repeat_ngram_size` as `noRepeatNgramSize`. */
function toOptions(effective: Readonly<Record<string, unknown>>) {
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return parseArgument(
    GenerationOptionsSchema,
    Object.fromEntries(Object.entries(effective).map(([name, value]) => [camel(name), value])),
  );
}

/** Python returns one array: shorter rows are filled up at the end, with the end token or with padding. */
function expectGolden(results: readonly GenerationResult[], { ids, scores }: GoldenRun, config: GenerationConfig): void {
  const { lengthPenalty, padTokenId, eosTokenIds } = config;
  const fill = [padTokenId, ...eosTokenIds];
  const sequences = results.flatMap((result) => result.sequences);
  const longest = Math.max(...sequences.map(({ outputIds }) => outputIds.length));
  expect(longest).toBe(ids[0]!.length);
  sequences.forEach(({ outputIds, score }, row) => {
    expect(outputIds).toEqual(ids[row]!.slice(0, outputIds.length));
    expect(fill).toEqual(expect.arrayContaining(ids[row]!.slice(outputIds.length)));
    // A negative length penalty multiplies the sum of log-probabilities, and its rounding, by a power of the length.
    const factor = (outputIds.length - 1) ** Math.max(0, -lengthPenalty);
    if (scores !== undefined) expect(Math.abs(score! - scores[row]!)).toBeLessThan(1e-4 * factor);
  });
  expect(sequences).toHaveLength(ids.length);
}

describe.each([
  ['tiny-t5', 'merged', 'tiny-t5', 'stock'],
  ['tiny-t5', 'merged', 'tiny-t5', 'prepared'],
  ['tiny-t5', 'split', 'tiny-t5', 'stock'],
  ['tiny-t5', 'split', 'tiny-t5', 'prepared'],
  ['tiny-bart', 'merged', 'tiny-bart', 'stock'],
  ['tiny-bart', 'merged', 'tiny-bart', 'prepared'],
  ['tiny-bart', 'split', 'tiny-bart', 'stock'],
  ['tiny-bart', 'split', 'tiny-bart', 'prepared'],
  ['tiny-t5-2023', 'merged', 'tiny-t5', 'stock'],
  ['tiny-t5-2023', 'merged', 'tiny-t5', 'prepared'],
  ['tiny-bart-2023', 'merged', 'tiny-bart', 'stock'],
  ['tiny-bart-2023', 'merged', 'tiny-bart', 'prepared'],
] as const)('%s, %s, of %s, %s', (model, graphs, golden, form) => {
  let opened: OpenedDecoder;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prepared-'));
    opened = await openDecoder(model, graphs, form === 'prepared' ? folder : null);
  });
  afterAll(async () => {
    for (const session of opened.sessions) await session.release();
    await rm(folder, { recursive: true });
  });

  test.each([
    ['the recorded settings', 'summaries', 381],
    ['odd settings', 'odd', 80],
  ])('generates what transformers generates under %s, single texts and padded batches', async (_, kind, expectedRuns) => {
    const configs = await readConfigs(model);
    let numRuns = 0;
    for (const { input_ids, runs } of await readGolden(`${kind}.${golden}`)) {
      for (const run of Object.values(runs)) {
        const config = resolveGenerationConfig(toOptions(run.effective), configs);
        const requests = input_ids.map((inputIds) => ({ inputIds, config }));
        const results = await Promise.all(generate(opened.decoder, requests));
        expectGolden(results, run, config);
        numRuns++;
      }
    }
    expect(numRuns).toBe(expectedRuns);
  });

  test('answers texts under different rules together as each alone', async () => {
    const cases = await readGolden(`summaries.${golden}`);
    const configs = await readConfigs(model);
    const single = cases.filter(({ input_ids }) => input_ids.length === 1).slice(0, 8);
    const names = ['beam4_cnn', 'greedy', 'beam4_lp05_never', 'beam4', 'greedy_min30_max40', 'task_params'];
    const requests = single.map(({ input_ids, runs }, place) => {
      const run = runs[names[place % names.length]!]!;
      return { run, inputIds: input_ids[0]!, config: resolveGenerationConfig(toOptions(run.effective), configs) };
    });
    const results = await Promise.all(generate(opened.decoder, requests));
    results.forEach((result, place) => {
      expect(result.sequences.map(({ outputIds }) => outputIds)).toEqual(requests[place]!.run.ids);
    });
  });
});

test.each(['tiny-t5', 'tiny-bart'])('%s, prepared in 8 bits, answers texts together as each alone', async (model) => {
  const folder = await mkdtemp(join(tmpdir(), 'prepared-'));
  const { decoder, sessions } = await openDecoder(model, 'split', folder, { quantize: true });
  const configs = await readConfigs(model);
  const single = (await readGolden(`summaries.${model}`)).filter(({ input_ids }) => input_ids.length === 1).slice(0, 8);
  const requests = single.map(({ input_ids }, place) => {
    const config = resolveGenerationConfig({ numBeams: 1 + (place % 4), maxLength: 30 }, { ...configs, defaults: {} });
    return { inputIds: input_ids[0]!, config };
  });
  const together = await Promise.all(generate(decoder, requests));
  for (const [place, request] of requests.entries()) {
    const [alone] = await Promise.all(generate(decoder, [request]));
    const [one, other] = [together[place]!, alone!].map(({ sequences }) => sequences[0]!);
    expect(one!.outputIds).toEqual(other!.outputIds);
    expect(one!.score ?? 0).toBeCloseTo(other!.score ?? 0, 4);
  }
  for (const session of sessions) await session.release();
  await rm(folder, { recursive: true });
});
