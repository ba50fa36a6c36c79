import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runPreparer } from '../../../src/runtime/preparer-process.ts';
import { classifierIn, makeModelFolder } from '../../prepared-models.ts';

const PREPARER = join(import.meta.dirname, '../../fake-preparer.js');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(file: string, behaviour: string, { timeoutMs = 20_000, onStage = (_: string) => {} } = {}) {
  const model = classifierIn(await makeModelFolder(join(folder, 'model')));
  const start = () => fork(file, [behaviour], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  const { signal } = new AbortController();
  return runPreparer({ model, folder }, { signal, timeoutMs, onStage }, start);
}

test('a preparer tells its stages, then what it wrote', async () => {
  const stages: string[] = [];
  const files = await run(PREPARER, 'copy', { onStage: (stage) => void stages.push(stage) });
  expect(files).toEqual({ graph: { model: 'model.onnx' }, optimized: { model: 'model-optimized.onnx' } });
  expect(stages).toEqual(['rewriting']);
});

test('a preparer that is not done in time is ended', async () => {
  await expect(run(PREPARER, 'hang', { timeoutMs: 1 })).rejects.toThrow('was not done after 0 s');
});

test('a preparer that cannot be started is a failure that says so', async () => {
  await expect(run(join(folder, 'nothing.js'), '')).rejects.toThrow(/exit status 1: (?:.|\n)*nothing\.js/);
});

test('a preparer that was given up before it began is not started', async () => {
  const model = classifierIn(await makeModelFolder(join(folder, 'model')));
  const options = { signal: AbortSignal.abort(new Error('changed my mind')), timeoutMs: 1, onStage() {} };
  const begun = runPreparer({ model, folder }, options, () => expect.unreachable());
  await expect(begun).rejects.toThrow('changed my mind');
});
