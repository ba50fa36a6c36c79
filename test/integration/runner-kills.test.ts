import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from 'onnx-predict';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { largePicture } from './pictures.ts';
import { childrenOf, cpuTicks, waitUntil } from './processes.ts';

const SHIP = 'examples/ship.jpg';
// On a developer's machine a few are enough to notice a mistake.
const NUM_KILLS = process.env['CI'] === undefined ? 40 : 200;

let folder: string;
let slowPicture: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  slowPicture = join(folder, 'slow.pgm');
  await writeFile(slowPicture, largePicture(6000, 5000));
});
afterEach(() => rm(folder, { recursive: true }));

test('kill -9 of the runner, 200 times in CI, in the middle of requests fails none but one that it carried alone, and leaves no process behind', {
  timeout: 600_000,
}, async () => {
  const engine = createEngine({ numThreads: 1 });
  await engine.classify(SHIP, { model: 'tiny' });
  let numFailed = 0;
  for (let kill = 0; kill < NUM_KILLS; kill++) {
    const [pid, ...others] = await childrenOf(process.pid, 'runner/main.js');
    expect(others).toEqual([]);
    const startTicks = await cpuTicks(pid!);
    const carried = engine.classify(slowPicture, { model: 'tiny' });
    const inCompany = kill % 2 === 1;
    const beside = inCompany ? [engine.classify(SHIP, { model: 'tiny' }), engine.classify(SHIP, { model: 'tiny' })] : [];
    const outcome = carried.then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    // At another moment each time: while it reads, decodes, resizes.
    await waitUntil(async () => (await cpuTicks(pid!)) > startTicks + (kill % 10) || undefined);
    process.kill(pid!, 'SIGKILL');
    // What the runner had not yet begun with when it was killed is answered by the next one, as is what it carried with others.
    expect(inCompany ? ['answered'] : ['RUNNER_CRASHED', 'answered']).toContain(await outcome);
    if ((await outcome) === 'RUNNER_CRASHED') numFailed += 1;
    for (const { classLabel } of await Promise.all([engine.classify(SHIP, { model: 'tiny' }), ...beside])) {
      expect(classLabel).toBe('ship');
    }
  }
  expect(numFailed).toBeGreaterThan(NUM_KILLS / 4);
  await engine.close();
  expect(await childrenOf(process.pid, 'runner/main.js')).toEqual([]);
});
