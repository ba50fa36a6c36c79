import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BIN, canRun, onnxPredict, run } from './command.ts';

const SENTENCE = 'The museum will be closed on Monday for repairs.';
const OTHER = 'A powerful storm killed at least four people and left more than 200,000 homes without electricity on Sunday.';
const TINY = ['--model', 'tiny'];

let folder: string;
let museum: string;
let storm: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  museum = join(folder, 'museum.txt');
  storm = join(folder, 'storm.md');
  await writeFile(museum, `${SENTENCE}\n`);
  await writeFile(storm, OTHER);
});
afterEach(() => rm(folder, { recursive: true }));

describe('summarize', () => {
  test('answers for a file, for standard input that is piped, and for "-"', async () => {
    const expected = { stdout: `${SENTENCE}\n`, stderr: '', status: 0, signal: null };
    expect(await onnxPredict(['summarize', museum, ...TINY])).toEqual(expected);
    expect(await onnxPredict(['summarize', ...TINY], { stdin: `${SENTENCE}\n` })).toEqual(expected);
    expect(await onnxPredict(['summarize', '-', '--quiet', ...TINY], { stdin: SENTENCE })).toEqual(expected);
  });

  test('names the file of each of several, in order, past those that fail', async () => {
    const missing = join(folder, 'missing.txt');
    const empty = join(folder, 'empty.txt');
    const latin1 = join(folder, 'latin1.txt');
    await writeFile(empty, ' \n');
    await writeFile(latin1, Buffer.from([0x63, 0x61, 0x66, 0xe9]));
    const args = ['summarize', storm, missing, empty, latin1, museum, ...TINY];
    const { stdout, stderr, status } = await onnxPredict(args);
    expect(stdout).toBe(`${storm}\t${OTHER}\n${museum}\t${SENTENCE}\n`);
    expect(stderr).toContain(`${missing}: There is no file`);
    expect(stderr).toContain(`${empty}: There is no text`);
    expect(stderr).toContain(`${latin1}: ${latin1} is no text in UTF-8`);
    expect(status).toBe(1);
    const lines = (await onnxPredict([...args, '--json'])).stdout.trimEnd().split('\n');
    const answers = lines.map((line) => JSON.parse(line) as { file: string; summary?: string; error?: { code: string } });
    expect(answers.map(({ file, summary, error }) => [file, summary ?? error?.code])).toEqual([
      [storm, OTHER],
      [missing, 'INPUT_NOT_FOUND'],
      [empty, 'TEXT_INVALID'],
      [latin1, 'TEXT_INVALID'],
      [museum, SENTENCE],
    ]);
  });

  test('finds the texts of a folder', async () => {
    await mkdir(join(folder, 'deep'));
    await writeFile(join(folder, 'deep', 'picture.png'), '');
    const { stdout } = await onnxPredict(['summarize', folder, ...TINY]);
    expect(stdout).toBe(`${museum}\t${SENTENCE}\n${storm}\t${OTHER}\n`);
  });

  test('--json gives the documented object', async () => {
    const { stdout } = await onnxPredict(['summarize', museum, '--json', '--beams', '1', ...TINY]);
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(answer).toMatchObject({
      file: museum,
      summary: SENTENCE,
      dropped_tokens: 0,
      truncated: false,
      score: null,
      stop_reason: 'eos',
      model: { id: 'tiny', revision: null, dtype: 'fp32' },
    });
    expect(Object.keys(answer).sort()).toEqual(
      ['file', 'summary', 'input_tokens', 'dropped_tokens', 'truncated', 'output_tokens', 'output_ids', 'score', 'stop_reason']
        .concat(['model', 'timings'])
        .sort(),
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  test('takes every rule from its flags', async () => {
    const flags = ['--min', '3', '--max', '8', '--length-penalty', '0.5', '--early-stopping', 'never'];
    const more = ['--no-repeat-ngram', '0', '--repetition-penalty', '1.1', '--truncate', 'error', '--threads', '1'];
    const { stdout, status } = await onnxPredict(['summarize', storm, '--json', ...flags, ...more, ...TINY]);
    expect(JSON.parse(stdout)).toMatchObject({ output_tokens: 8, stop_reason: 'length' });
    expect(status).toBe(0);
  });

  test('warns of what was cut off, on stderr, and says how much', async () => {
    const long = join(folder, 'long.txt');
    await writeFile(long, OTHER.repeat(40));
    const { stdout, stderr, status } = await onnxPredict(['summarize', long, ...TINY]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/long\.txt: the text is too long: the model read its first 512 tokens, and \d+ were cut off\.\n$/);
    expect(status).toBe(0);
    expect((await onnxPredict(['summarize', long, '--quiet', ...TINY])).stderr).toBe('');
    expect(await onnxPredict(['summarize', long, '--truncate', 'error', ...TINY])).toMatchObject({ stdout: '', status: 1 });
  });

  test('goes through a long text in parts, and says so on stderr', async () => {
    const long = join(folder, 'long.txt');
    const text = Array.from({ length: 40 }, (_, i) => `${OTHER} ${SENTENCE.replace('Monday', `day ${i}`)}`).join('\n\n');
    await writeFile(long, `${text}\n`);
    const args = ['summarize', long, '--truncate', 'chunk', '--beams', '1', ...TINY];
    const { stdout, stderr, status } = await onnxPredict([...args, '--json']);
    const answer = JSON.parse(stdout) as { parts: { source: { start: number; end: number } }[] } & Record<string, unknown>;
    expect(answer).toMatchObject({
      dropped_tokens: 0,
      truncated: false,
      merge: expect.stringMatching(/^(joined|summarized)$/) as string,
    });
    expect(answer.parts[0]!.source.start).toBe(0);
    expect(answer.parts.at(-1)!.source.end).toBe(text.length);
    expect(stderr).toMatch(/long\.txt: the text is long: it was summarized in \d+ parts, and their summaries were .*\.\n$/);
    expect(status).toBe(0);
    expect((await onnxPredict([...args, '--quiet'])).stderr).toBe('');
    expect((await onnxPredict(['summarize', museum, '--truncate', 'chunk', ...TINY])).stdout).toBe(`${SENTENCE}\n`);
  });

  test.skipIf(!canRun('jq', ['--version']))('the example of the guide shows where each part stands (needs jq)', async () => {
    const guide = await readFile('docs/summarizing.md', 'utf8');
    const [, example] = /^onnx-predict (summarize thesis\.txt .* \| jq .*)$/m.exec(guide) ?? [];
    const paragraphs = Array.from({ length: 30 }, (_, i) => `${OTHER} ${SENTENCE.replace('Monday', `day ${i}`)}`);
    const thesis = join(folder, 'thesis.txt');
    await writeFile(thesis, paragraphs.join('\n\n'));
    const command = example!.replace('thesis.txt', `"${thesis}" --model tiny --beams 1`);
    const { stdout } = await run('bash', ['-c', `"${process.execPath}" ${BIN} ${command.replace('| jq', '| jq -c')}`]);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row) as [number, number, string]);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows[0]).toEqual([0, expect.any(Number) as number, expect.any(String) as string]);
    expect(rows.at(-1)![1]).toBe(paragraphs.join('\n\n').length);
  });

  test('--check finds nothing where there is nothing, and the status is 0 in any case', async () => {
    const { stdout, stderr, status } = await onnxPredict(['summarize', storm, '--check', '--json', ...TINY]);
    expect(JSON.parse(stdout)).toMatchObject({ unsupported: { numbers: [], names: [] } });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });

  test.each([
    [['--min', '9', '--max', '5'], 'minLength'],
    [['--max', '1'], 'whole number of at least 2'],
    [['--beams', '0'], 'whole number of at least 1'],
    [['--early-stopping', 'maybe'], 'true, false or never'],
    [['--repetition-penalty', '0'], 'repetitionPenalty'],
    [['--json', '--quiet'], 'cannot be used with'],
    [['--truncate', 'middle'], 'Allowed choices'],
    [['-', '-'], 'read only once'],
  ])('2 says that %j is no usage, with the reason and nothing on stdout', async (args, reason) => {
    const { stdout, stderr, status } = await onnxPredict(['summarize', ...args, ...TINY], { stdin: SENTENCE });
    expect(stderr).toContain(reason);
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 });
  });

  test.each([
    [[], 't5-small'],
    [['--model', 'mit-b0'], 't5, bart, distilbart, tiny'],
    [['--model', 'tiny', '--dtype', 'q4'], 'fp32'],
  ])('4 says of %j that there is no such model, once', async (args, part) => {
    const { stdout, stderr, status } = await onnxPredict(['summarize', museum, ...args]);
    expect(stderr).toContain(part);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect({ stdout, status }).toEqual({ stdout: '', status: 4 });
  });
});

describe('tokenize', () => {
  test('shows ids and tokens, bare ids, or one object', async () => {
    const stdin = 'Hello world';
    expect((await onnxPredict(['tokenize', ...TINY], { stdin })).stdout).toBe(
      '743\t▁He\n233\tll\n140\to\n333\t▁world\n1\t</s>\n',
    );
    expect((await onnxPredict(['tokenize', '-', '--ids', ...TINY], { stdin })).stdout).toBe('743 233 140 333 1\n');
    expect(JSON.parse((await onnxPredict(['tokenize', museum, '--json', ...TINY])).stdout)).toMatchObject({
      file: museum,
      ids: expect.arrayContaining([1]) as number[],
      model: { id: 'tiny', revision: null },
    });
    expect((await onnxPredict(['tokenize', join(folder, 'missing'), ...TINY])).status).toBe(1);
  });
});

describe.skipIf(!canRun('script', ['--version']))('on a terminal (needs script)', () => {
  test('a line says how far it is and goes away; the keyboard is no text', async () => {
    const command = (args: string) => `stty cols 80; "${process.execPath}" ${BIN} summarize ${args} --model tiny`;
    const { stdout } = await run('script', ['-qec', command(museum), '/dev/null'], { env: { TERM: 'xterm-256color' } });
    expect(stdout).toContain(' of at most 96 tokens');
    expect(stdout.replaceAll('\r', '').split('\u001b[K').at(-1)).toBe(`${SENTENCE}\n`);
    const keyboard = await run('script', ['-qec', command(''), '/dev/null'], { env: { TERM: 'xterm-256color' } });
    expect(keyboard.stdout).toContain('is the keyboard here; pipe a text into it');
  });
});
