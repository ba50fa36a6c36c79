import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type EngineEvent, type EngineOptions } from 'onnx-predict';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { childrenOf, waitUntil } from './processes.ts';
import { assembleModel } from './text-models.ts';

const SHIP = 'examples/ship.jpg';
const TEXT = await readFile('examples/lighthouse.txt', 'utf8');
const LONG = { model: 'tiny', minNewTokens: 90, maxNewTokens: 90 } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** An engine, and what it tells its operator. */
function observedEngine(options: EngineOptions = {}) {
  const events: EngineEvent[] = [];
  const engine = createEngine({ numThreads: 1, ...options });
  engine.observe((event) => events.push(event));
  return { engine, events };
}

const runners = () => childrenOf(process.pid, 'runner/main.js');

describe('texts that wait while a runner is busy', () => {
  test.each(['tiny-t5', 'tiny-bart'])('are answered together, each as if it were alone: %s', async (name) => {
    const model = await assembleModel(folder, name);
    const { engine, events } = observedEngine();
    const requests = Array.from({ length: 12 }, (_, place) => ({
      text: TEXT.slice(place * 30, 200 + place * 120),
      options: {
        model,
        minNewTokens: place * 2,
        maxNewTokens: 12 + place * 3,
        numBeams: 1 + (place % 3),
        noRepeatNgramSize: place % 4,
      },
    }));
    const together = await Promise.all(requests.map(({ text, options }) => engine.summarize(text, options)));
    const sizes = events.flatMap((event) => (event.type === 'batch' ? [event.size] : []));
    expect(Math.max(...sizes)).toBeGreaterThan(2);
    for (const [place, { text, options }] of requests.entries()) {
      const alone = await engine.summarize(text, options);
      expect(alone.outputIds).toEqual(together[place]!.outputIds);
      if (alone.score !== null) expect(together[place]!.score).toBeCloseTo(alone.score, 4);
    }
    await engine.close();
  });

  test('go on when one of them is given up or cannot be done', async () => {
    const { engine } = observedEngine();
    await engine.load('tiny', { task: 'summarization' });
    const controller = new AbortController();
    const outcomes = await Promise.allSettled([
      engine.summarize(TEXT, LONG),
      engine.summarize(TEXT, { ...LONG, signal: controller.signal, onProgress: () => controller.abort(new Error('gone')) }),
      engine.summarize(TEXT, { model: 'tiny', minLength: 100_000, maxLength: 100_001 }),
      engine.summarize(TEXT, LONG),
    ]);
    const { outputIds } = await engine.summarize(TEXT, LONG);
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: expect.objectContaining({ outputIds }) as unknown },
      { status: 'rejected', reason: new Error('gone') },
      { status: 'rejected', reason: expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as unknown },
      { status: 'fulfilled', value: expect.objectContaining({ outputIds }) as unknown },
    ]);
    await engine.close();
  });
});

describe('a model that is not used', () => {
  test('is unloaded: its process ends, and the next request is answered by another', async () => {
    const { engine, events } = observedEngine({ keepAliveMs: 50 });
    await engine.load('tiny', { task: 'image-classification' });
    const unloaded = await waitUntil(async () => events.find(({ type }) => type === 'unloaded'));
    expect(unloaded).toMatchObject({ reason: 'idle', name: 'tiny' });
    expect(await runners()).toEqual([]);
    expect(engine.status()).toMatchObject([{ name: 'tiny', state: 'unloaded', numQueued: 0, numActive: 0, memoryBytes: null }]);
    const { classLabel, timings } = await engine.classify(SHIP, { model: 'tiny' });
    expect(classLabel).toBe('ship');
    expect(timings.loadMs).toBeGreaterThan(0);
    await engine.close();
  });

  test('gives way to another where both do not fit', async () => {
    const { engine, events } = observedEngine({ maxMemoryBytes: 250 * 2 ** 20 });
    for (const round of [1, 2]) {
      expect((await engine.classify(SHIP, { model: 'tiny' })).classLabel).toBe('ship');
      await engine.summarize(TEXT, { model: 'tiny', maxNewTokens: 5 });
      expect((await runners()).length, `round ${round}`).toBe(1);
    }
    expect(events.filter((event) => event.type === 'unloaded' && event.reason === 'memory')).toHaveLength(3);
    await engine.close();
  });

  test('is unloaded when its operator says so', async () => {
    const { engine } = observedEngine();
    await engine.load('tiny', { task: 'image-classification' });
    await engine.unload('other');
    expect(await runners()).toHaveLength(1);
    await engine.unload('tiny');
    expect(await runners()).toEqual([]);
    await engine.close();
  });
});

describe('a queue with bounds', () => {
  test('refuses at once what is too much, says when to come again, and answers what it took', async () => {
    const { engine, events } = observedEngine({ queue: { maxCost: 4 } });
    await engine.load('tiny', { task: 'summarization' });
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => engine.summarize('A fox.', LONG)));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(refused.length).toBeGreaterThanOrEqual(8);
    for (const error of refused) expect(error).toMatchObject({ code: 'QUEUE_FULL', retryAfterMs: expect.any(Number) as number });
    expect(engine.status()).toMatchObject([{ cost: 0, heldBytes: 0 }]);
    const counts = (type: EngineEvent['type']) => events.filter((event) => event.type === type).length;
    expect(counts('answered')).toBe(12 - refused.length);
    await engine.summarize('A fox.', LONG);
    await engine.close();
  });

  test('gives up what waited too long', async () => {
    const { engine } = observedEngine({ queue: { maxWaitMs: 30 } });
    await engine.load('tiny', { task: 'summarization' });
    const first = engine.summarize(TEXT, LONG);
    await expect(engine.summarize(TEXT, LONG)).rejects.toMatchObject({ code: 'QUEUE_TIMEOUT' });
    await first;
    await engine.close();
  });
});

test('a name of one’s own stands for a model, and an unknown one for none', async () => {
  await using engine = createEngine({ numThreads: 1, aliases: { fox: 'tiny' } });
  expect((await engine.classify(SHIP, { model: 'fox' })).classLabel).toBe('ship');
  await expect(engine.classify(SHIP, { model: 'constructor' })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
});

test('a model can be loaded before it is asked, and what cannot be loaded says so', async () => {
  const { engine, events } = observedEngine();
  const [identity] = await Promise.all([
    engine.load('tiny', { task: 'image-classification' }),
    engine.load('tiny', { task: 'image-classification' }),
  ]);
  expect(identity).toEqual({ id: 'tiny', revision: null, dtype: 'fp32' });
  expect(events.filter(({ type }) => type === 'loaded')).toHaveLength(1);
  expect((await engine.classify(SHIP, { model: 'tiny' })).timings.loadMs).toBe(0);
  await expect(engine.load(join(folder, 'none'))).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  await engine.close();
});
