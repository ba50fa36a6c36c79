import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { canRun, onnxPredict, run } from './command.ts';
import { startServer } from './server-process.ts';

const README = await readFile('README.md', 'utf8');

test('the first command of the README answers, once the packages are installed', async () => {
  const [, command] = /^npm ci && (npx onnx-predict classify .*)$/m.exec(README) ?? [];
  const { stdout, status } = await run('bash', ['-c', command!]);
  expect(stdout).toMatch(/^ship\t0\.98\d{4}\n$/);
  expect(status).toBe(0);
});

test('the program of the README says that a ship is one', async () => {
  const [, program] = /```ts\n(.*?)```/s.exec(README) ?? [];
  // `await using` is syntax that Node 20 does not know, so the README's program is compiled as TypeScript compiles it: to try/finally.
  const source = program!.replace('await using engine', 'const engine');
  const { stdout, stderr } = await run(process.execPath, [
    '--input-type=module',
    '-e',
    `${source}\nconsole.log(classLabel, score > 0.9);\nawait engine.close();`,
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: 'ship true\n', stderr: '' });
});

test('the text of the README has the summary that it shows', async () => {
  const [, args, summary] = /^\$ onnx-predict (summarize .*)\n(.*)$/m.exec(README) ?? [];
  expect((await onnxPredict(args!.split(' '))).stdout).toBe(`${summary}\n`);
});

test.skipIf(!canRun('curl', ['--version']))('the server of the README answers its curl lines as shown (needs curl)', async () => {
  const [, section = ''] = /^## Serve over HTTP$(.*?)^## /ms.exec(README) ?? [];
  const [, args] = /^onnx-predict serve (.*)$/m.exec(section) ?? [];
  const url = await startServer(args!.split(' ')).url;
  const examples = [...section.matchAll(/^\$ (curl .*)\n(.*)$/gm)];
  expect(examples.length).toBeGreaterThanOrEqual(4);
  for (const [, command, answer] of examples) {
    const { stdout } = await run('bash', ['-c', command!.replace('http://127.0.0.1:8000', url)]);
    expect(stdout).toBe(answer);
  }
});

test('the built-in model names every example right', async () => {
  const { stdout } = await onnxPredict(['classify', 'examples', '--model', 'tiny']);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t'));
  expect(rows.length).toBeGreaterThanOrEqual(4);
  for (const [file, label] of rows) expect(label).toBe(basename(file!, '.jpg'));
});

test('no line of the help is wider than a terminal of 80 columns', async () => {
  for (const command of ['classify', 'summarize', 'tokenize', 'serve']) {
    const { stdout } = await onnxPredict([command, '--help']);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  }
});

test('the package holds what it needs to run, and no tests', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  const needed = [
    'bin/onnx-predict.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/runner/main.js',
    'dist/http/public/swagger-ui-bundle.js.gz',
    'dist/http/public/redoc.standalone.js.gz',
    'scripts/build-if-possible.js',
  ];
  const models = ['models/tiny-image-classifier/onnx/model.onnx', 'models/tiny-summarizer/onnx/encoder_model.onnx'];
  for (const path of [...needed, ...models, 'LICENSE', 'README.md', 'CHANGELOG.md']) expect(paths).toContain(path);
  expect(paths.filter((path) => /^(test|bench|src|docs)\//.test(path))).toEqual([]);
});
