import { spawn } from 'node:child_process';
import { copyFile, cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../integration/processes.ts';
import { BIN, canRun, onnxPredict, run } from './command.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  out = join(folder, 'results.ndjson');
});
afterEach(() => rm(folder, { recursive: true }));

const results = async () =>
  (await readFile(out, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; class_label?: string; summary?: string; error?: unknown });

describe('--out', () => {
  test('takes the answers of a folder past a bad picture, and --resume asks for what is missing alone', async () => {
    const photos = join(folder, 'photos');
    await cp('examples', photos, { recursive: true });
    await writeFile(join(photos, 'bad.jpg'), 'no picture');
    const args = ['classify', photos, '--model', 'tiny', '--out', out];
    const first = await onnxPredict(args);
    expect(first.stdout).toBe('');
    expect(first.stderr).toMatch(
      /bad\.jpg: .*\nonnx-predict: 4 answered, 1 failed in \d+ s; the results are in .*results\.ndjson\n$/,
    );
    expect(first.status).toBe(1);
    expect((await results()).map(({ class_label }) => class_label)).toEqual([
      'airplane',
      'automobile',
      undefined,
      'ship',
      'truck',
    ]);

    await truncate(out, (await readFile(out)).length - 20);
    await copyFile('examples/ship.jpg', join(photos, 'bad.jpg'));
    const second = await onnxPredict([...args, '--resume']);
    expect(second.stderr).toMatch(/^onnx-predict: 2 answered, 3 skipped in /);
    expect(second.status).toBe(0);
    expect((await results()).map(({ file }) => file.slice(photos.length + 1))).toEqual([
      ...['airplane.jpg', 'automobile.jpg', 'bad.jpg', 'ship.jpg'],
      ...['bad.jpg', 'truck.jpg'],
    ]);
    expect((await onnxPredict(args)).status).toBe(2);
  });

  test('takes summaries too', async () => {
    await copyFile('examples/lighthouse.txt', join(folder, 'a.txt'));
    await copyFile('examples/lighthouse.txt', join(folder, 'b.txt'));
    const { stderr, status } = await onnxPredict(['summarize', folder, '--model', 'tiny', '--beams', '1', '--out', out]);
    expect(stderr).toMatch(/^onnx-predict: 2 answered in /);
    expect(status).toBe(0);
    for (const { summary } of await results()) expect(summary).toMatch(/^The harbour town/);
  });

  test('holds whole lines when the run is interrupted', async () => {
    const inputs = Array.from({ length: 500 }, () => 'examples/ship.jpg');
    const child = spawn(process.execPath, [BIN, 'classify', ...inputs, '--model', 'tiny', '--out', out], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)));
    await waitUntil(async () => ((await readFile(out, 'utf8').catch(() => '')).length > 0 ? true : undefined));
    child.kill('SIGINT');
    expect(await ended).toBe('SIGINT');
    expect(await readFile(out, 'utf8')).toMatch(/\n$/);
    for (const { class_label } of await results()) expect(class_label).toBe('ship');
  });
});

test.skipIf(!canRun('script', ['--version']))(
  'on a terminal a line says how far it is, and is gone in the end (needs script)',
  async () => {
    const inputs = Array.from({ length: 40 }, () => 'examples/ship.jpg').join(' ');
    const command = `stty cols 80; "${process.execPath}" ${BIN} classify ${inputs} --model tiny > '${out}'`;
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm-256color', NO_COLOR: '1' } });
    const lines = stdout.split('\r\u001b[K');
    expect(lines.find((line) => /^\d+\/40 {2}\d+(\.\d)? img\/s, \d+ s left {2}examples\/ship\.jpg$/.test(line))).toBeDefined();
    expect(lines.at(-1)).toBe('');
    expect(stdout).not.toContain('\u001b[?25l');
  },
);
