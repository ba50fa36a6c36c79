import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { onnxPredict } from './command.ts';

interface Report {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly section: string;
    readonly name: string;
    readonly value: string;
    readonly status: string;
  }[];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('answers are Python’s here, and the report says what this machine is', async () => {
  const { stdout, stderr, status } = await onnxPredict(['doctor', '--parity', '--json'], {
    env: { HF_HUB_CACHE: join(folder, 'none'), HF_TOKEN: 'hf_secret', ONNX_PREDICT_THREADS: '1' },
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const { ok, checks } = JSON.parse(stdout) as Report;
  expect(ok).toBe(true);
  const value = (name: string) => checks.find((check) => check.name === name)?.value;
  expect(value('node')).toBe(process.versions.node);
  expect(value('onnxruntime-node')).toMatch(/^\d+\.\d+\.\d+$/);
  expect(value('threads')).toMatch(/^1, as /);
  expect(value('cache')).toContain('not there yet');
  expect(value('hosts')).toBe('none: offline');
  expect(value('telemetry')).toContain('off');
  expect(value('tiny, summarizer')).toMatch(/^runs /);
  expect(value('Python’s answers')).toMatch(/^10 of 10 the same/);
  expect(stdout).not.toContain('hf_secret');
});

test('a damaged file and one that is there in part are told of with their remedies, in 80 columns', async () => {
  const root = join(folder, 'models--org--broken');
  const commit = '0123456789012345678901234567890123456789';
  const etag = 'a'.repeat(64);
  await mkdir(join(root, 'blobs'), { recursive: true });
  await mkdir(join(root, 'snapshots', commit, 'onnx'), { recursive: true });
  await writeFile(join(root, 'blobs', etag), 'not what its name says');
  await writeFile(join(root, 'blobs', `${'b'.repeat(64)}.onnx-predict.incomplete`), 'half');
  await symlink(join('../../../blobs', etag), join(root, 'snapshots', commit, 'onnx', 'model.onnx'));
  const { stdout, status } = await onnxPredict(['doctor', '--cache-dir', folder], { env: { NO_COLOR: '1' } });
  expect(status).toBe(1);
  expect(stdout).toMatch(/✗ damaged files +1 of 1\n +→ Run "onnx-predict rm -y NAME"/);
  expect(stdout).toMatch(/! partial files +1 \(4 B\)\n +→ /);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
