import { describe, expect, test } from 'vitest';
import { runTrial, type Subject } from '../../../src/cli/bench/run-trial.ts';
import { chooseBest, planTrials, SERVED_NAMES, serveLine, threadCounts } from '../../../src/cli/bench/trials.ts';
import { DEFAULT_SERVER_SETTINGS } from '../../../src/http/server-settings.ts';

const SUBJECT: Subject = { task: 'summarization', model: 't5', dtype: 'fp32', picture: new Uint8Array(), text: 'A text.' };
const { signal } = new AbortController();
const result = (threads: number, batch: number, perSecond: number) => ({ threads, batch, perSecond, latencyMs: 1, numRuns: 1 });

test.each([
  [1, [1]],
  [2, [2, 1]],
  [6, [6, 4, 2, 1]],
  [8, [8, 4, 2, 1]],
])('of %d threads these are tried: %j', (available, counts) => {
  expect(threadCounts(available)).toEqual(counts);
});

test('what a server does by itself is tried first', () => {
  expect(planTrials(2)[0]).toEqual({ threads: 2, batch: 1 });
  expect(planTrials(2)).toHaveLength(8);
});

describe('the best', () => {
  test('is the fastest, and of those that are about as fast the one that takes least', () => {
    expect(chooseBest([result(2, 1, 10), result(2, 4, 20), result(1, 1, 9)])).toMatchObject({ threads: 2, batch: 4 });
    expect(chooseBest([result(2, 1, 10), result(2, 4, 10.2), result(1, 8, 9.9)])).toMatchObject({ threads: 1, batch: 8 });
  });

  test.each([
    ['t5', 'fp32', 2, 'onnx-predict serve --preload t5'],
    ['t5', 'q8', 1, 'onnx-predict serve --preload t5 --dtype q8 --threads 1'],
    ['distilbart', 'fp32', 2, 'onnx-predict serve --alias distilbart=distilbart --preload distilbart'],
    ['org/name@main', 'fp32', 2, 'onnx-predict serve --alias bench=org/name@main --preload bench'],
    ["./my 'model'", 'fp32', 2, "onnx-predict serve --alias bench='./my '\\''model'\\''' --preload bench"],
  ])('of %s in %s with %d threads is served by a line', (model, dtype, threads, line) => {
    expect(serveLine({ model, dtype, available: 2 }, { threads, batch: 1 })).toBe(line);
  });
});

test('a server offers the names that need no alias', () => {
  expect(SERVED_NAMES).toEqual(DEFAULT_SERVER_SETTINGS.aliases);
});

describe('a trial', () => {
  test('goes on until its time is over, and counts all inputs of its batches', async () => {
    let nowMs = 0;
    const asked: number[] = [];
    const engine = {
      classifyAll: async () => [],
      async summarizeAll(texts: readonly string[]) {
        asked.push(texts.length);
        nowMs += 100;
        return [];
      },
    };
    const trial = { threads: 1, batch: 4 };
    const measured = await runTrial(engine, SUBJECT, { trial, budgetMs: 250, signal, now: () => nowMs });
    expect(asked).toEqual([4, 4, 4]);
    expect(measured).toEqual({ ...trial, perSecond: 40, latencyMs: 100, numRuns: 3 });
  });

  test('fails as its model does', async () => {
    const engine = { classifyAll: async () => [], summarizeAll: async () => [{ error: new Error('broken') }] };
    await expect(runTrial(engine, SUBJECT, { trial: { threads: 1, batch: 1 }, budgetMs: 0, signal })).rejects.toThrow('broken');
  });
});
