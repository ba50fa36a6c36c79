import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canRun, onnxPredict, run } from './command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  await mkdir(join(folder, 'models--Xenova--mit-b0', 'snapshots', 'abc', 'onnx'), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

const env = () => ({ HF_HUB_CACHE: folder, TERM: 'dumb' });

async function scriptFor(shell: string): Promise<string> {
  const { stdout, stderr, status } = await onnxPredict(['completion', shell]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const path = join(folder, `completion.${shell}`);
  await writeFile(path, stdout);
  return path;
}

/** What bash offers for the last of the words, after each of several lines. */
async function bashReplies(lines: readonly (readonly string[])[]): Promise<string[][]> {
  const path = await scriptFor('bash');
  const asks = lines.map((words) => {
    const quoted = ['onnx-predict', ...words].map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _onnx_predict; echo "\${COMPREPLY[*]}"`;
  });
  const { stdout, stderr } = await run('bash', ['-c', `source '${path}'\n${asks.join('\n')}`], { env: env() });
  expect(stderr).toBe('');
  return stdout
    .slice(0, -1)
    .split('\n')
    .map((line) => line.split(' '));
}

test('bash completes commands, options, choices, models and files', async () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [['cl'], ['classify']],
    [
      ['keys', ''],
      ['add', 'list', 'rm'],
    ],
    [['classify', '--mo'], ['--model']],
    [
      ['classify', '--dtype', 'f'],
      ['fp32', 'fp16'],
    ],
    // Bash takes the sign for a word.
    [
      ['classify', '--dtype', '=', 'q4'],
      ['q4', 'q4f16'],
    ],
    [['classify', '--model', 'm'], ['mit-b0']],
    [['pull', 'X'], ['Xenova/mit-b0']],
    [['classify', 'examples/shi'], ['examples/ship.jpg']],
    [['classify', '--json', '--cache-dir', 'exa'], ['examples']],
    [['--config', 'knip'], ['knip.json']],
    [['completion', 'z'], ['zsh']],
    [['help', 'sum'], ['summarize']],
  ];
  const replies = await bashReplies(cases.map(([words]) => words));
  expect(cases.map(([words], i) => [words, replies[i]])).toEqual(cases);
});

test.skipIf(!canRun('fish', ['--version']))(
  'fish completes commands, options, choices, models and files (needs fish)',
  async () => {
    const path = await scriptFor('fish');
    const asks = ['cl', 'classify --min', 'classify --dtype=f', 'pull Xen', 'classify examples/shi', 'keys a'];
    const source = `source '${path}'\n${asks.map((line) => `complete -C 'onnx-predict ${line}' | string split -f1 \\t`).join('\n')}`;
    const { stdout, stderr } = await run('fish', ['--no-config', '-c', source], { env: env() });
    expect({ stdout: stdout.trimEnd().split('\n'), stderr }).toEqual({
      stdout: ['classify', '--min-confidence', '--dtype=fp16', '--dtype=fp32', 'Xenova/mit-b0', 'examples/ship.jpg', 'add'],
      stderr: '',
    });
  },
);

test.skipIf(!canRun('zsh', ['--version']))('zsh completes commands, options and models (needs zsh)', async () => {
  const path = await scriptFor('zsh');
  // A terminal of zsh's own: each line is read until what it completes to is there.
  const asks = [
    ['pull Xen', '*Xenova/mit-b0*'],
    ['classify --min', '*--min-confidence*'],
    ['summ', '*summarize*'],
  ].map(
    ([line, pattern]) =>
      `zpty -w -n z "onnx-predict ${line}"$'\\t'; zpty -r z out '${pattern}' && print ok; zpty -w -n z $'\\C-u'`,
  );
  const source = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -U compinit; compinit -D -u; source '${path}'; print read''y"
zpty -r z out '*ready*'
${asks.join('\n')}`;
  const { stdout, stderr } = await run('zsh', ['-f', '-c', source], { env: env() });
  expect({ stdout, stderr }).toEqual({ stdout: 'ok\nok\nok\n', stderr: '' });
});
