import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assembleModel } from '../integration/text-models.ts';
import { onnxPredict } from './command.ts';

const LIGHTHOUSE = 'examples/lighthouse.txt';

let folder: string;
let model: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  model = await assembleModel(folder, 'tiny-bart');
  // Its own cache, as a user has one; empty variables are none.
  env = { XDG_CACHE_HOME: join(folder, 'cache'), ONNX_PREDICT_PREPARED_DIR: '', ONNX_PREDICT_PREPARE: '' };
});
afterEach(() => rm(folder, { recursive: true }));

const prepared = () => readdir(join(folder, 'cache/onnx-predict/prepared'), { recursive: true });

async function summarize(...args: readonly string[]) {
  const { stdout, stderr, status } = await onnxPredict(['summarize', LIGHTHOUSE, '-m', model, '--json', ...args], { env });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('prepar')]);
  const { timings: _, ...result } = JSON.parse(stdout) as Record<string, unknown>;
  return result;
}

describe('prepare', () => {
  test('makes graphs that give the summary that the model’s own give, and keeps them in the user’s cache', async () => {
    const { stdout, status } = await onnxPredict(['prepare', model, '--json'], { env });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ optimized: true, quantized: false, made: true });
    expect((await prepared()).filter((name) => name.endsWith('decoder.onnx'))).toHaveLength(2);
    const result = await summarize();
    expect(result['output_ids']).toMatchObject({ length: expect.toSatisfy((length: number) => length > 10) });
    const whole = await summarize('--no-prepare');
    // The last digits of a score are the order's in which numbers are added.
    expect({ ...result, score: 0 }).toEqual({ ...whole, score: 0 });
    // They are what ran: what is damaged of them is told, and the model's own take over.
    for (const name of await prepared()) {
      if (name.endsWith('decoder.onnx')) await truncate(join(folder, 'cache/onnx-predict/prepared', name), 1000);
    }
    const damaged = await onnxPredict(['summarize', LIGHTHOUSE, '-m', model, '--json'], { env });
    expect([damaged.status, JSON.parse(damaged.stdout).summary]).toEqual([0, whole['summary']]);
    expect(damaged.stderr.match(/prepared graphs cannot be loaded/g)).toHaveLength(1);
  });

  test('makes them once, and again when it is told to', async () => {
    const made = async (...args: readonly string[]) => {
      const { stdout } = await onnxPredict(['prepare', model, '--dtype', 'q8', '--json', ...args], { env });
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    expect(await made()).toMatchObject({ made: true, quantized: true });
    expect(await made()).toMatchObject({ made: false, quantized: true });
    expect(await made('--force')).toMatchObject({ made: true, quantized: true });
    expect((await prepared()).filter((name) => name.includes('draft') || name.includes('exact'))).toEqual([]);
  });
});
