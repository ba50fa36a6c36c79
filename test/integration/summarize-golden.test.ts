import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assembleModel, camelCaseKeys } from './text-models.ts';

interface TextGolden {
  readonly cases: readonly {
    readonly text: string;
    readonly prefix: string;
    readonly input_ids: readonly number[];
    readonly runs: Readonly<Record<string, { effective: Record<string, unknown>; ids: number[][]; scores?: number[] }>>;
  }[];
}

interface PipelineGolden {
  readonly pipeline_generation_config: { readonly max_new_tokens: number | null };
  readonly cases: readonly {
    readonly text: string;
    readonly runs: Readonly<Record<string, { kwargs: PipelineArguments; summary_text: string }>>;
  }[];
}

interface PipelineArguments {
  readonly truncation?: boolean;
  readonly clean_up_tokenization_spaces?: boolean;
  readonly max_new_tokens?: number;
  readonly max_length?: number;
  readonly min_length?: number;
  readonly num_beams?: number;
}

const GOLDEN = join(import.meta.dirname, '../golden/generation');

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = createEngine({ numThreads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function readGolden<Golden>(name: string): Promise<Golden> {
  return JSON.parse(await readFile(join(GOLDEN, `${name}.json`), 'utf8')) as Golden;
}

/** Python fills the shorter rows of one array up; ours end where the text ends. */
function withoutFill(ids: readonly number[], fill: readonly number[], length: number): readonly number[] {
  expect(fill).toEqual(expect.arrayContaining(ids.slice(length)));
  return ids.slice(0, length);
}

describe.each([
  ['tiny-t5', 'tiny-t5', [0, 1]],
  ['tiny-bart', 'tiny-bart', [1, 2]],
  ['tiny-t5-2023', 'tiny-t5', [0, 1]],
  ['tiny-bart-2023', 'tiny-bart', [1, 2]],
] as const)('%s', (name, golden, fill) => {
  let model: string;
  beforeAll(async () => {
    model = await assembleModel(folder, name, golden);
  });

  test('from a text to the ids that transformers generates, and its scores', async () => {
    const { cases } = await readGolden<TextGolden>(`texts.${golden}`);
    let numRuns = 0;
    for (const { text, prefix, input_ids, runs } of cases) {
      for (const { effective, ids, scores } of Object.values(runs)) {
        const result = await engine.summarize(text, { ...camelCaseKeys(effective), model, prefix });
        const sequences = result.sequences ?? [result];
        expect(result.inputTokens).toBe(input_ids.length);
        sequences.forEach(({ outputIds, score }, row) => {
          expect(outputIds).toEqual(withoutFill(ids[row]!, fill, outputIds.length));
          if (scores !== undefined) expect(Math.abs(score! - scores[row]!)).toBeLessThan(1e-4);
          else expect(score).toBeNull();
        });
        expect(sequences).toHaveLength(ids.length);
        numRuns++;
      }
    }
    expect(numRuns).toBeGreaterThan(50);
  });

  test('from a text to the summary of the reference pipeline, with the prefix of the configuration', async () => {
    const { cases, pipeline_generation_config: defaults } = await readGolden<PipelineGolden>(`pipeline.${golden}`);
    let numRuns = 0;
    for (const { text, runs } of cases) {
      for (const { kwargs, summary_text } of Object.values(runs)) {
        // Without truncation the original goes beyond the model; cleaning up is not done unless it is asked for.
        if (kwargs.truncation !== true || kwargs.clean_up_tokenization_spaces === true) continue;
        // Where the pipeline has a default count of new tokens, that wins over the caller's length.
        const maxNewTokens = kwargs.max_new_tokens ?? defaults.max_new_tokens ?? undefined;
        const { summary } = await engine.summarize(text, {
          model,
          ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
          ...(kwargs.max_length === undefined ? {} : { maxLength: kwargs.max_length }),
          ...(kwargs.min_length === undefined ? {} : { minLength: kwargs.min_length }),
          ...(kwargs.num_beams === undefined ? {} : { numBeams: kwargs.num_beams }),
        });
        expect(summary).toBe(summary_text);
        numRuns++;
      }
    }
    expect(numRuns).toBeGreaterThan(50);
  });
});
