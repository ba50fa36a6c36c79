import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BIN, canRun, onnxPredict, run } from './command.ts';

const LIGHTHOUSE = 'examples/lighthouse.txt';
const TINY = ['--model', 'tiny'];
/** So many tokens take a while. */
const LONG = ['--beams', '1', '--min', '4000', '--max', '4000'];

let folder: string;
let museum: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  museum = join(folder, 'museum.txt');
  await writeFile(museum, 'The museum will be closed on Monday for repairs.\n');
});
afterEach(() => rm(folder, { recursive: true }));

describe('summarize --stream', () => {
  test('writes the bytes that it writes without, for one and several, quiet or not, past those that fail', async () => {
    const missing = join(folder, 'missing.txt');
    for (const args of [
      [LIGHTHOUSE, '--beams', '1'],
      [museum, missing, LIGHTHOUSE, '--beams', '2'],
      [museum, LIGHTHOUSE, '--quiet'],
    ]) {
      const whole = await onnxPredict(['summarize', ...args, ...TINY]);
      expect(whole.stdout.length).toBeGreaterThan(40);
      expect(await onnxPredict(['summarize', ...args, ...TINY, '--stream'])).toEqual(whole);
    }
  });

  test('writes each part to a pipe as soon as it is there', async () => {
    const child = spawn(process.execPath, [BIN, 'summarize', LIGHTHOUSE, '--stream', '--beams', '1', ...TINY]);
    const parts: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (part: string) => parts.push(part));
    await once(child, 'close');
    expect(parts.length).toBeGreaterThan(5);
    expect(parts.join('')).toMatch(/^The harbour town .*\n$/);
  });

  test('with --json writes a line for each event, and the result as the last', async () => {
    const args = ['summarize', museum, join(folder, 'missing.txt'), '--json', '--beams', '1', ...TINY];
    const parse = ({ stdout }: { readonly stdout: string }) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const [{ timings: _, ...expected }, failure] = parse(await onnxPredict(args)) as [Record<string, unknown>, object];
    const lines = parse(await onnxPredict([...args, '--stream']));
    expect(lines.at(-1)).toEqual({ type: 'error', ...failure });
    expect(lines.at(-2)).toMatchObject({ type: 'result', ...expected });
    const texts = lines.flatMap(({ type, delta }) => (type === 'text' ? [delta] : []));
    expect(texts.length).toBeGreaterThan(5);
    expect(texts.join('')).toBe(expected['summary']);
    const progress = lines.filter(({ type }) => type === 'progress');
    const told = { type: 'progress', file: museum, place: null };
    expect(progress.at(0)).toEqual({ ...told, state: 'loading', place: 1, output_tokens: 0, max_length: null });
    expect(progress.at(-1)).toEqual({ ...told, state: 'running', output_tokens: expected['output_tokens'], max_length: 96 });
  });

  test('ends the line of a text that the user interrupts', async () => {
    const child = spawn(process.execPath, [BIN, 'summarize', LIGHTHOUSE, '--stream', ...LONG, ...TINY]);
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      if (stdout === '') child.kill('SIGINT');
      stdout += part;
    });
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    expect({ status, signal }).toEqual({ status: null, signal: 'SIGINT' });
    expect(stdout).toMatch(/^The[^\n]*\n$/);
    expect(stdout.split(' ').length).toBeLessThan(1500);
  });

  test('stops its work when nobody reads any more, and says nothing of it', async () => {
    const command = `"${process.execPath}" ${BIN} summarize ${LIGHTHOUSE} --stream ${[...LONG, ...TINY].join(' ')}`;
    const { stdout, stderr } = await run('bash', ['-c', `${command} | head -c 20; echo " \${PIPESTATUS[0]}"`]);
    expect({ stdout, stderr }).toEqual({ stdout: 'The harbour town of  0\n', stderr: '' });
  });
});

describe.skipIf(!canRun('script', ['--version']))('on a terminal (needs script)', () => {
  test('nothing comes between the parts of a text, and what was cut off is told below it', async () => {
    const long = join(folder, 'long.txt');
    await writeFile(long, 'A powerful storm left thousands of homes without electricity on Sunday. '.repeat(60));
    const command = `stty cols 80; "${process.execPath}" ${BIN} summarize ${long} --stream --beams 1 --model tiny`;
    const { stdout } = await run('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm-256color' } });
    expect(stdout).not.toContain('\u001b');
    expect(stdout.replaceAll('\r', '')).toMatch(/^A powerful storm [^\n]*\nonnx-predict: .*were cut off\.\n$/);
  });
});
