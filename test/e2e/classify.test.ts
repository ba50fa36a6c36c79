import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { childrenOf, isAlive, waitUntil } from '../integration/processes.ts';
import { BIN, canRun, onnxPredict, run } from './command.ts';
import { failingModel } from './onnx-bytes.ts';

const SHIP = 'examples/ship.jpg';
const TINY = ['--model', 'tiny'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('in a pipe', () => {
  test('one picture gives label and score', async () => {
    const { stdout, stderr, status } = await onnxPredict(['classify', SHIP, ...TINY]);
    expect(stdout).toMatch(/^ship\t0\.\d{6}\n$/);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  test('several give one row each, in order, with the file in front', async () => {
    const { stdout } = await onnxPredict(['classify', SHIP, 'examples/airplane.jpg', SHIP, ...TINY]);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t').slice(0, 2));
    expect(rows).toEqual([
      [SHIP, 'ship'],
      ['examples/airplane.jpg', 'airplane'],
      [SHIP, 'ship'],
    ]);
  });

  test('standard input is a picture too', async () => {
    const { stdout } = await onnxPredict(['classify', '-', '--quiet', ...TINY], { stdin: await readFile(SHIP) });
    expect(stdout).toBe('ship\n');
  });

  test('--json gives the documented object', async () => {
    const { stdout } = await onnxPredict(['classify', SHIP, '--json', '--top', '2', ...TINY]);
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual(['file', 'class_label', 'score', 'top', 'model', 'timings']);
    expect(answer).toMatchObject({
      file: SHIP,
      class_label: 'ship',
      top: [{ label: 'ship', score: answer['score'], index: 8 }, { score: expect.any(Number) as number }],
      model: { id: 'tiny', revision: null, dtype: 'fp32' },
      timings: {
        load_ms: expect.any(Number) as number,
        preprocess_ms: expect.any(Number) as number,
        inference_ms: expect.any(Number) as number,
      },
    });
  });

  test('a reader that leaves early ends the work quietly', async () => {
    const { stdout, stderr, status } = await run('bash', [
      '-c',
      `set -o pipefail; "$0" ${BIN} classify examples examples examples --quiet --model tiny | head -n 1`,
      process.execPath,
    ]);
    expect(stdout.split('\n')).toHaveLength(2);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});

describe('a folder', () => {
  test('is classified whole, past bad pictures, and the failure shows in stderr, in the JSON and in the exit status', async () => {
    await mkdir(join(folder, 'deep'));
    await copyFile(SHIP, join(folder, 'a.jpg'));
    await writeFile(join(folder, 'b.jpg'), 'no picture at all');
    await copyFile(SHIP, join(folder, 'deep', 'c.jpg'));
    const { stdout, stderr, status } = await onnxPredict(['classify', folder, '--json', ...TINY]);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['class_label'] ?? line['error'])).toEqual([
      'ship',
      { code: 'IMAGE_UNSUPPORTED', message: expect.any(String) as string },
      'ship',
    ]);
    expect(lines[1]!['file']).toBe(join(folder, 'b.jpg'));
    expect(stderr).toContain(`onnx-predict: ${join(folder, 'b.jpg')}: `);
    expect(status).toBe(1);
  });
});

test('what a model’s file says does not reach the terminal as it is', async () => {
  await cp('models/tiny-image-classifier', folder, { recursive: true });
  await writeFile(join(folder, 'onnx', 'model.onnx'), failingModel('\u001b]0;pwned\u0007\u001b[2J'));
  const { stdout, stderr, status } = await onnxPredict(['classify', SHIP, '--model', folder]);
  expect(stderr).toContain('The model failed while it ran');
  for (const control of ['\u001b', '\u0007']) expect(stdout + stderr).not.toContain(control);
  expect(status).toBe(4);
});

test.skipIf(!existsSync('/dev/full'))('results that cannot be written make the command fail (needs /dev/full)', async () => {
  for (const args of ['classify examples/ship.jpg --model tiny', 'list', '--help']) {
    const { stderr, status } = await run('bash', ['-c', `"${process.execPath}" ${BIN} ${args} > /dev/full`]);
    expect(stderr).toContain('ENOSPC');
    expect(status).toBe(1);
  }
});

describe('exit status', () => {
  test('3 says that nothing failed but something abstained', async () => {
    const { stdout, status } = await onnxPredict(['classify', SHIP, SHIP, '--min-confidence', '1', ...TINY]);
    expect(stdout).toMatch(/^examples\/ship\.jpg\t-\t0\.\d+\n/);
    expect(status).toBe(3);
    const folder = await onnxPredict(['classify', 'examples', '--min-confidence', '1', '--json', ...TINY]);
    const answers = folder.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { class_label: string | null });
    expect(answers.length).toBeGreaterThan(2);
    for (const answer of answers) expect(answer).toMatchObject({ class_label: null, score: expect.any(Number) as number });
    expect(folder.status).toBe(3);
  });

  test('1 wins over 3', async () => {
    expect((await onnxPredict(['classify', SHIP, 'missing.jpg', '--min-confidence', '1', ...TINY])).status).toBe(1);
  });

  test.each([
    [['classify'], 'missing required argument'],
    [['classify', SHIP, '--top', '0'], 'whole number of at least 1'],
    [['classify', SHIP, '', ...TINY], 'must not be empty'],
    [['classify', SHIP, '--min-confidence', '1.5', ...TINY], 'between 0 and 1'],
    [['classify', SHIP, '--json', '--quiet'], 'cannot be used with'],
    [['classify', SHIP, '--dtype', 'fp64'], 'Allowed choices'],
    [['classify', '-', '-', ...TINY], 'read only once'],
    [['clasify', SHIP], 'Did you mean classify?'],
    [['classify', SHIP, '--tpo', '3'], 'Did you mean --top?'],
  ])('2 says that %j is no usage, with the reason and nothing on stdout', async (args, reason) => {
    const { stdout, stderr, status } = await onnxPredict(args);
    expect(stderr).toContain(reason);
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
  });

  test.each([
    [[SHIP], 'mit-b0'],
    [[SHIP, '--model', 'tinny'], 'tinny'],
    [[SHIP, SHIP, '--model', 'nobody/nothing'], 'nobody/nothing'],
  ])('4 says that there is no such model, once', async (args, name) => {
    const { stdout, stderr, status } = await onnxPredict(['classify', ...args]);
    expect(stderr).toContain(name);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ stdout, status }).toEqual({ stdout: '', status: 4 });
  });
});

test('--json says on stdout too that there is no such model', async () => {
  const { stdout, status } = await onnxPredict(['classify', SHIP, '--model', 'tinny', '--json']);
  expect(JSON.parse(stdout)).toEqual({ error: { code: 'MODEL_UNKNOWN', message: expect.stringContaining('tinny') as string } });
  expect(status).toBe(4);
});

describe('help', () => {
  test('goes to stdout, with examples and exit statuses', async () => {
    const { stdout, status } = await onnxPredict(['classify', '--help']);
    for (const part of ['Usage: onnx-predict classify', '--min-confidence', 'Examples:', 'Exit status:'])
      expect(stdout).toContain(part);
    expect(status).toBe(0);
  });

  test('the version is the package’s', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect((await onnxPredict(['--version'])).stdout).toBe(`${version}\n`);
  });
});

describe.skipIf(!canRun('script', ['--version']))('on a terminal (needs script)', () => {
  async function onTerminal(args: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const command = `stty cols 80; "${process.execPath}" ${BIN} classify ${args} --model tiny`;
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm-256color', ...env } });
    return stdout.replaceAll('\r', '');
  }

  test('the label, its confidence and bars appear', async () => {
    const [heading, ...rows] = (await onTerminal(SHIP, { NO_COLOR: undefined, CI: undefined })).trimEnd().split('\n');
    expect(heading?.replaceAll('\u001b', 'ESC')).toMatch(/^ESC\[1mshipESC\[22m {2}\d+\.\d%$/);
    expect(rows).toHaveLength(5);
    expect(rows[0]).toMatch(/^ {2}ship +\d+\.\d% {2}█+/);
  });

  test('NO_COLOR is honoured', async () => {
    expect(await onTerminal(SHIP, { NO_COLOR: '1', CI: undefined })).not.toContain('\u001b');
  });
});

describe('interrupted', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s it ends by that signal and leaves no runner behind', async (signal) => {
    const child = spawn(process.execPath, [BIN, 'classify', ...Array.from({ length: 500 }, () => SHIP), ...TINY], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data;
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.resume();
    const runners = await childrenOf(child.pid!, 'runner/main.js');
    expect(runners).toHaveLength(1);
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('close', (_, by) => resolve(by)));
    child.kill(signal);
    expect(await ended).toBe(signal);
    expect(stderr).toBe('');
    await waitUntil(async () => (runners.some(isAlive) ? undefined : true));
  });
});
