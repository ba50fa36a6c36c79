import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { onnxPredict } from './command.ts';

const SHIP = 'examples/ship.jpg';

let folder: string;
let path: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'onnx-predict', 'config.json');
  await mkdir(join(folder, 'onnx-predict'));
  env = { XDG_CONFIG_HOME: folder };
});
afterEach(() => rm(folder, { recursive: true }));

const configure = (content: unknown) => writeFile(path, JSON.stringify(content));

describe('a command', () => {
  test('takes its options from the file, and a variable over it', async () => {
    await configure({ json: true, threads: 1, classify: { model: 'tiny', top: 2 }, serve: { port: 9000 } });
    const answer = async (args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
      const { stdout } = await onnxPredict(['classify', SHIP, ...args], { env: { ...env, ...more } });
      return (JSON.parse(stdout) as { top: unknown[] }).top.length;
    };
    expect(await answer([])).toBe(2);
    expect(await answer([], { ONNX_PREDICT_TOP: '3' })).toBe(3);
  });

  test('takes the file that --config names, before or behind the command’s name', async () => {
    const other = join(folder, 'other.json');
    await writeFile(other, '{"model": "tiny", "quiet": true}');
    for (const args of [
      ['--config', other, 'classify', SHIP],
      ['classify', SHIP, `--config=${other}`],
    ])
      expect((await onnxPredict(args, { env })).stdout).toBe('ship\n');
  });

  test.each([
    [{ classify: { modle: 'tiny' } }, '"classify.modle"; did you mean "classify.model"?'],
    [{ prot: 1 }, '"prot"; did you mean "port"?'],
  ])('refuses the file %j with status 2, naming it and the nearest name', async (content, problem) => {
    await configure(content);
    const { stdout, stderr, status } = await onnxPredict(['classify', SHIP], { env });
    expect(stderr).toContain(path);
    expect(stderr).toContain(problem);
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
  });
});

describe('config', () => {
  test('shows every value with its source, and no secret', async () => {
    await configure({ offline: true, summarize: { model: 'bart' } });
    const secrets = { HF_TOKEN: 'hf_secret', ONNX_PREDICT_API_KEY: 'op_secret', HTTPS_PROXY: 'http://ada:secret@proxy:1' };
    const { stdout, stderr, status } = await onnxPredict(['config', '--json'], {
      env: { ...env, ...secrets, ONNX_PREDICT_MAX_QUEUE: '9' },
    });
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { command: string | null; option: string });
    const row = (command: string | null, option: string) =>
      rows.find((each) => each.command === command && each.option === option);
    expect(row('summarize', 'model')).toMatchObject({ value: 'bart', source: 'file', origin: path });
    expect(row('classify', 'offline')).toMatchObject({ value: true, source: 'file' });
    expect(row('classify', 'top')).toMatchObject({ value: 5, source: 'default' });
    expect(row('serve', 'max-queue')).toMatchObject({ value: '9', source: 'environment', origin: 'ONNX_PREDICT_MAX_QUEUE' });
    expect(row(null, 'token')).toMatchObject({ value: 'set' });
    expect(row(null, 'api-key')).toMatchObject({ value: 'set' });
    expect(stdout + stderr).not.toContain('secret');
    expect(status).toBe(0);
  });

  test('shows one command alone, and warns of a variable that means nothing', async () => {
    const { stdout, stderr } = await onnxPredict(['config', 'tokenize'], { env: { ...env, ONNX_PREDICT_MODLE: 'x' } });
    expect(stdout).toMatch(/^tokenize\tmodel\tt5\tdefault\n/);
    expect(stdout).not.toContain('classify');
    expect(stderr).toContain('no option has the variable ONNX_PREDICT_MODLE; did you mean ONNX_PREDICT_MODEL?');
  });

  test('path prints where the file is, also where it is no JSON', async () => {
    await writeFile(path, '{');
    expect(await onnxPredict(['config', 'path'], { env })).toMatchObject({ stdout: `${path}\n`, status: 0 });
  });
});
