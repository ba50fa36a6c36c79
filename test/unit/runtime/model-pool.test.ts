import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/logger.ts';
import type { LocalModel } from '../../../src/protocol.ts';
import { CrashLedger } from '../../../src/runtime/crash-ledger.ts';
import type { ModelHostOptions } from '../../../src/runtime/model-host.ts';
import { ModelPool } from '../../../src/runtime/model-pool.ts';
import type { RunnerEvents } from '../../../src/runtime/runner-connection.ts';

const MODEL: LocalModel = {
  task: 'image-classification',
  identity: { id: 'fake', revision: null, dtype: 'fp32' },
  files: { config: '', preprocessorConfig: '', model: '' },
  prepared: null,
  quantize: false,
};

test('a model that could not be loaded is resolved anew for the next request: its files may have come back', async () => {
  const pool = new ModelPool({ maxMemoryBytes: Infinity });
  const runners: RunnerEvents[] = [];
  let numResolved = 0;
  const resolve = async (): Promise<Omit<ModelHostOptions, 'makeRoom'>> => {
    numResolved += 1;
    const connect = (events: RunnerEvents) => {
      runners.push(events);
      return { send() {}, setBusy() {}, kill() {}, async close() {} };
    };
    return {
      name: 'fake',
      model: MODEL,
      numThreads: 1,
      device: 'cpu',
      watchdogMs: 1000,
      keepAliveMs: Infinity,
      connect,
      logger: silentLogger,
      crashes: new CrashLedger(),
      onEvent() {},
    };
  };
  const host = await pool.host('fake', resolve);
  const request = {
    task: 'image-classification',
    image: { path: '/picture' },
    topK: 1,
    activation: 'none',
    minConfidence: null,
    maxPixels: 1,
    ignoreOrientation: false,
  } as const;
  const answer = host.run(request);
  runners[0]!.onMessage({ type: 'load-failed', error: { code: 'MODEL_INVALID', message: 'config.json cannot be read' } });
  await expect(answer).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  const next = await pool.host('fake', resolve);
  expect(next).not.toBe(host);
  expect(await pool.host('fake', resolve)).toBe(next);
  expect(numResolved).toBe(2);
});
