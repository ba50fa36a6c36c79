import { expect, test } from 'vitest';
import { createProgram } from '../../../src/cli/program.ts';
import type { EngineOptions } from '../../../src/engine.ts';
import { OnnxPredictError } from '../../../src/errors.ts';
import type { PreparationResult, PrepareOptions } from '../../../src/schemas.ts';

const RESULT: PreparationResult = {
  task: 'summarization',
  model: { id: 'Xenova/t5-small', revision: 'a'.repeat(40), dtype: 'q8' },
  folder: '/cache/prepared/x',
  sizeBytes: 1_500_000,
  optimized: true,
  quantized: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  made: true,
  prepareMs: 12_345,
};

/** Runs the command over an engine that prepares what is not called `bad`. */
async function run(args: readonly string[], { isTTY = false } = {}) {
  const asked: { model: string; options: PrepareOptions; engine: EngineOptions }[] = [];
  const [out, err]: [string[], string[]] = [[], []];
  let status = 0;
  const terminal = {
    stdout: { isTTY },
    stderr: { isTTY: false },
    writeResult: async (text: string) => void out.push(text),
    writeDiagnostic: (text: string) => void err.push(text),
  };
  const createEngine = async (engine: EngineOptions) => ({
    async prepare(model: string, options: PrepareOptions) {
      asked.push({ model, options, engine });
      options.onProgress?.({ type: 'preparing', model, dtype: 'q8', stage: null, failure: 'no room' });
      if (model === 'bad') throw new OnnxPredictError('PREPARATION_FAILED', 'bad could not be prepared: no room');
      if (model === 'none') throw new OnnxPredictError('MODEL_UNKNOWN', 'There is no model none');
      return RESULT;
    },
    async [Symbol.asyncDispose]() {},
  });
  const dependencies = {
    terminal,
    createEngine,
    signal: new AbortController().signal,
    acceptSignal() {},
    setExitStatus: (given: number) => {
      status = given;
    },
  };
  const program = await createProgram(dependencies as never, ['prepare']);
  await program.parseAsync(['prepare', ...args], { from: 'user' });
  return { asked, out: out.join(''), err, status };
}

test('prepare asks for each model, as the flags say', async () => {
  const { asked, out, status } = await run(['t5', './mine', '--dtype', 'q8', '--force', '--prepared-dir', 'x', '--offline']);
  expect(asked.map(({ model }) => model)).toEqual(['t5', './mine']);
  expect(asked[0]).toMatchObject({ options: { dtype: 'q8', force: true }, engine: { preparedDir: 'x', offline: true } });
  expect(out).toBe(`Xenova/t5-small\t${'a'.repeat(40)}\tq8\t1500000\t/cache/prepared/x\n`.repeat(2));
  expect(status).toBe(0);
});

test('prepare says to people what was made, how large it is, and where', async () => {
  const { out } = await run(['t5'], { isTTY: true });
  for (const part of ['prepared in 12 s', 'q8, made of fp32', '1.5 MB', '/cache/prepared/x']) expect(out).toContain(part);
});

test('prepare goes on after a model that could not be prepared, and says so once', async () => {
  const { out, err, status } = await run(['bad', 't5', '--json']);
  const [failed, prepared] = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(failed).toMatchObject({ model: 'bad', error: { code: 'PREPARATION_FAILED' } });
  expect(prepared).toMatchObject({ size_bytes: 1_500_000, prepare_ms: 12_345, made: true });
  expect(err).toEqual(['bad could not be prepared: no room']);
  expect(status).toBe(1);
});

test('prepare ends at a model that cannot be had', async () => {
  await expect(run(['none', 't5'])).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
});
