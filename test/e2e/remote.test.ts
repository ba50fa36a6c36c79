import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { onnxPredict } from './command.ts';
import { startServer, TINY_ALIASES } from './server-process.ts';

const SHIP = 'examples/ship.jpg';

test('a server answers for the command: the same objects, tables and exit statuses, and ps and stop are about it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const keys = join(folder, 'keys.txt');
  const key = (await onnxPredict(['keys', 'add', 'ada', '--file', keys])).stdout.trim();
  await writeFile(join(folder, 'key'), key);
  const url = await startServer([...TINY_ALIASES, '--api-keys', keys]).url;
  const env = { ONNX_PREDICT_SERVER: url, ONNX_PREDICT_API_KEY: key, ONNX_PREDICT_THREADS: '1' };
  const there = async (...args: string[]) => onnxPredict(args, { env });

  const withoutTimings = (line: string) => ({ ...(JSON.parse(line) as object), timings: null });
  const article = ['summarize', 'examples/lighthouse.txt', '--model', 'tiny', '--min', '5', '--beams', '2', '--check', '--json'];
  for (const args of [['classify', SHIP, '--model', 'tiny', '--top', '3', '--json'], article]) {
    const [remote, local] = [await there(...args), await onnxPredict(args)];
    expect(withoutTimings(remote.stdout)).toEqual(withoutTimings(local.stdout));
    expect(Object.keys(JSON.parse(remote.stdout) as object)).toEqual(Object.keys(JSON.parse(local.stdout) as object));
    expect(remote).toMatchObject({ stderr: '', status: 0 });
  }

  const several = await there('classify', 'examples', 'examples/lighthouse.txt', 'missing.jpg');
  expect(several.stdout.split('\n')).toHaveLength(5);
  expect(several.stderr).toMatch(/lighthouse\.txt: .*This is a text.*\nonnx-predict: missing\.jpg: There is no file/);
  expect(several.status).toBe(1);
  expect((await there('classify', SHIP, '--model', 'nope')).status).toBe(4);
  const refused = await there('classify', SHIP, '--dtype', 'q8');
  expect(refused.stderr).toContain('--dtype is for the server to decide');
  expect(refused.status).toBe(2);

  expect((await there('ps')).stdout).toMatch(/^(tiny|mit-b0)\t(image-classification|summarization)\tfp32\tready\t0\t0\t\d+\n/);
  expect((await there('stop', 'tiny')).stdout).toBe('unloaded tiny\n');
  const states = (await there('ps', '--json')).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; state: string; memory_bytes: number | null });
  expect(states.filter(({ name }) => name === 'tiny').map(({ state, memory_bytes }) => [state, memory_bytes])).toEqual([
    ['unloaded', null],
    ['unloaded', null],
  ]);
});

test('a page of another site cannot unload a model', async () => {
  const url = await startServer().url;
  const { status } = await fetch(`${url}/engine/tiny/unload`, {
    method: 'POST',
    body: '{}',
    headers: { 'Content-Type': 'text/plain' },
  });
  expect(status).toBe(415);
});
