import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { canRun, run } from './command.ts';
import { startServer } from './server-process.ts';

/** A fenced block of the guide. */
interface Block {
  readonly language: string;
  readonly code: string;
  /** Of its first line, in the file. */
  readonly line: number;
}

const GUIDE = await readFile('docs/http.md', 'utf8');
const SERVER = 'http://127.0.0.1:8000';
const SERVE = /^onnx-predict serve ?(.*)\n$/;

function readBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(({ 1: language, 2: code, index }) => {
    return { language: language!, code: code!, line: markdown.slice(0, index).split('\n').length + 1 };
  });
}

/** Several JSON values after one another. */
function parseValues(text: string): unknown[] {
  const values: unknown[] = [];
  let pending = '';
  // A value ends where what was read so far is JSON.
  for (const piece of text.split(/(?<=[}\]])/)) {
    pending += piece;
    try {
      values.push(JSON.parse(pending));
      pending = '';
    } catch {
      // Not yet.
    }
  }
  expect(pending.trim()).toBe('');
  return values;
}

/** What a value of the guide stands for: `…` in a string for anything, milliseconds for any, and a number for what it is rounded from. */
function expectation(shown: unknown, key = ''): unknown {
  if (Array.isArray(shown)) return shown.map((member) => expectation(member));
  if (typeof shown === 'object' && shown !== null) {
    return Object.fromEntries(Object.entries(shown).map(([name, member]) => [name, expectation(member, name)]));
  }
  if (typeof shown === 'string' && shown.includes('…')) return expect.stringMatching(new RegExp(`^${toPattern(shown)}$`, 's'));
  if (typeof shown !== 'number') return shown;
  if (key.endsWith('_ms') && key !== 'max_wait_ms') return expect.any(Number);
  return Number.isInteger(shown) ? shown : expect.closeTo(shown, 3);
}

function toPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*');
}

/** Runs a block against the server; what it writes to standard error is a failure. */
async function runBlock({ language, code }: Block, url: string): Promise<string> {
  const source = code.replaceAll(SERVER, url);
  const { stdout, stderr, status } =
    language === 'sh'
      ? await run('bash', ['-c', `set -e -o pipefail\n${source}`])
      : await run(process.execPath, ['--input-type=module', '-e', source]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

/**
 * Each block of `sh` or `ts` is run, and the block of `json` or `text` behind it is what it prints. One that is `onnx-predict serve`
 * starts the server for those that follow.
 */
test.skipIf(!canRun('curl', ['--version']))(
  'every example of the guide to HTTP answers as shown (needs curl)',
  async () => {
    const blocks = readBlocks(GUIDE);
    let url = '';
    let numRun = 0;
    for (const [i, block] of blocks.entries()) {
      if (block.language !== 'sh' && block.language !== 'ts') continue;
      const [, args] = SERVE.exec(block.code) ?? [];
      if (args !== undefined) {
        url = await startServer(args.split(' ')).url;
        continue;
      }
      const shown = blocks[i + 1];
      const where = `docs/http.md:${block.line}`;
      const printed = await runBlock(block, url);
      if (shown?.language === 'json')
        expect(parseValues(printed), where).toEqual(parseValues(shown.code).map((value) => expectation(value)));
      else if (shown?.language === 'text') expect(printed, where).toMatch(new RegExp(`^${toPattern(shown.code)}$`, 's'));
      else expect.fail(`${where} does not say what it prints`);
      numRun++;
    }
    expect(numRun).toBeGreaterThanOrEqual(15);
  },
  180_000,
);
