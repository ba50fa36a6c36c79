import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import type { ClassificationRequest, ToRunner } from '../../../src/protocol.ts';
import { CrashLedger } from '../../../src/runtime/crash-ledger.ts';
import { ModelPool } from '../../../src/runtime/model-pool.ts';
import type { RunnerEvents } from '../../../src/runtime/runner-connection.ts';
import type { HostEvent } from '../../../src/runtime/runner-slot.ts';

const MiB = 1024 * 1024;
const REQUEST: ClassificationRequest = {
  task: 'image-classification',
  image: { path: '/picture' },
  topK: 1,
  activation: 'none',
  minConfidence: null,
  maxPixels: 1,
  ignoreOrientation: false,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await writeFile(join(folder, 'weights'), new Uint8Array(10 * MiB));
});
afterEach(() => rm(folder, { recursive: true }));

/** A pool of models whose runners answer at once, unless they are held, and are resident with `memoryBytes`. */
function createPool(maxMemoryBytes: number, memoryBytes: number) {
  const pool = new ModelPool({ maxMemoryBytes });
  const log: string[] = [];
  const held = new Set<string>();
  const answerAll = new Map<string, () => void>();
  function connect(name: string, events: RunnerEvents) {
    const waiting: number[] = [];
    const answer = (id: number) => {
      const timings = { preprocessMs: 0, inferenceMs: 0 };
      const result = { task: 'image-classification', classLabel: name, score: 1, top: [], timings } as const;
      events.onMessage({ type: 'result', id, answer: result, memoryBytes });
    };
    answerAll.set(name, () => {
      for (const id of waiting.splice(0)) answer(id);
    });
    return {
      send(message: ToRunner) {
        if (message.type === 'load') {
          queueMicrotask(() => events.onMessage({ type: 'loaded', warnings: [], numBeams: 1, memoryBytes }));
        } else if (message.type === 'run') {
          for (const { id } of message.requests) {
            if (held.has(name)) waiting.push(id);
            else queueMicrotask(() => answer(id));
          }
        }
      },
      setBusy() {},
      kill() {},
      async close() {
        log.push(`end ${name}`);
      },
    };
  }
  async function ask(name: string, signal?: AbortSignal) {
    const host = await pool.host(name, async () => ({
      name,
      model: {
        task: 'image-classification',
        identity: { id: name, revision: null, dtype: 'fp32' },
        files: { config: join(folder, 'none'), preprocessorConfig: join(folder, 'none'), model: join(folder, 'weights') },
        prepared: null,
        quantize: false,
      },
      numThreads: 1,
      device: 'cpu',
      watchdogMs: 1000,
      keepAliveMs: Infinity,
      connect: (events: RunnerEvents) => {
        log.push(`start ${name}`);
        return connect(name, events);
      },
      logger: silentLogger,
      crashes: new CrashLedger(),
      onEvent: (event: HostEvent) => {
        if (event.type === 'unloaded') log.push(`unloaded ${name}: ${event.reason}`);
      },
    }));
    return (await host.run(REQUEST, { signal })).answer.classLabel;
  }
  return { pool, log, held, ask, answerAll };
}

describe('a memory budget', () => {
  test('unloads the model that was used least recently, and ends it before the next starts', async () => {
    const { log, ask } = createPool(500 * MiB, 200 * MiB);
    for (const name of ['a', 'b', 'a', 'c']) expect(await ask(name)).toBe(name);
    expect(log).toEqual(['start a', 'start b', 'end b', 'unloaded b: memory', 'start c']);
  });

  test('waits for a busy model to be done with its batch, and takes it back when its turn comes', async () => {
    const { log, ask, held, answerAll } = createPool(300 * MiB, 200 * MiB);
    held.add('a');
    const first = ask('a');
    await expect.poll(() => log).toEqual(['start a']);
    const other = ask('b');
    await expect.poll(() => log.length).toBe(1);
    const second = ask('a');
    answerAll.get('a')!();
    held.delete('a');
    expect(await Promise.all([first, other])).toEqual(['a', 'b']);
    answerAll.get('a')!();
    expect(await second).toBe('a');
    expect(log.slice(0, 4)).toEqual(['start a', 'end a', 'unloaded a: memory', 'start b']);
  });

  test('refuses a model that would not fit even alone, by the size of its files, and harms no other', async () => {
    const { log, ask } = createPool(200 * MiB, 50 * MiB);
    await ask('a');
    await writeFile(join(folder, 'weights'), new Uint8Array(50 * MiB));
    await expect(ask('b')).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
    expect(log).toEqual(['start a']);
  });

  test('takes a model again that has grown over the limit while it worked', async () => {
    const { log, ask } = createPool(200 * MiB, 300 * MiB);
    for (const name of ['a', 'b', 'a']) expect(await ask(name)).toBe(name);
    expect(log.filter((line) => line.startsWith('start'))).toEqual(['start a', 'start b', 'start a']);
  });

  test('unloads nothing for a model that nobody waits for any more', async () => {
    const { pool, log, ask, held, answerAll } = createPool(300 * MiB, 200 * MiB);
    for (const name of ['b', 'c']) await ask(name);
    held.add('a');
    const first = ask('a');
    await expect.poll(() => log.at(-1)).toBe('start a');
    const left = new AbortController();
    // The second waits behind the first one's end for its room.
    const others = [ask('b'), ask('c', left.signal)];
    await expect.poll(() => [...pool.hosts.values()].filter(({ numQueued }) => numQueued > 0)).toHaveLength(2);
    left.abort(new Error('left'));
    answerAll.get('a')!();
    expect(await Promise.allSettled([first, ...others])).toMatchObject([{ value: 'a' }, { value: 'b' }, { status: 'rejected' }]);
    expect(await ask('b')).toBe('b');
    expect(log.slice(-3)).toEqual(['end a', 'unloaded a: memory', 'start b']);
  });

  test('many models that are asked for at once are all answered, within the limit', async () => {
    const { log, ask } = createPool(420 * MiB, 200 * MiB);
    const names = ['a', 'b', 'c', 'd', 'e', 'a', 'b', 'c'];
    expect(await Promise.all(names.map((name) => ask(name)))).toEqual(names);
    let running = 0;
    for (const line of log) {
      if (line.startsWith('start')) running += 1;
      if (line.startsWith('end')) running -= 1;
      expect(running).toBeLessThanOrEqual(2);
    }
  });
});
