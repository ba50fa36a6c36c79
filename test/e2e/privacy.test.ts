import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BIN, canRun, onnxPredict, run } from './command.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
});
afterEach(() => rm(home, { recursive: true }));

/** One input is answered in the command's own process, two are in a runner process. */
const CASES = [
  ['classify in the command’s own process', ['classify', 'examples/ship.jpg']],
  ['classify in a runner process', ['classify', 'examples/ship.jpg', 'examples/ship.jpg']],
  ['summarize in the command’s own process', ['summarize', 'examples/lighthouse.txt']],
  ['summarize in a runner process', ['summarize', 'examples/lighthouse.txt', 'examples/lighthouse.txt']],
] as const;

test.each(CASES)('%s, nothing is written into the home folder, ONNX Runtime’s device id least of all', async (_, args) => {
  const env = {
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_CONFIG_HOME: join(home, '.config'),
    ORT_DISABLE_TELEMETRY: undefined,
  };
  const { status } = await onnxPredict([...args, '--model', 'tiny'], { env });
  expect(status).toBe(0);
  await expect(access(join(home, '.cache', 'Microsoft'))).rejects.toThrow('ENOENT');
  expect(await readdir(home)).toEqual([]);
});

// A sandbox may have strace and still forbid it to trace.
test.skipIf(!canRun('strace', ['-f', 'true'])).each(CASES)(
  '%s, no connection to any host is attempted (needs strace)',
  async (_, args) => {
    const trace = join(home, 'trace');
    const command = ['-f', '-qq', '-e', 'trace=network', '-o', trace, process.execPath, BIN, ...args, '--model', 'tiny'];
    const { status } = await run('strace', command, { env: { ORT_DISABLE_TELEMETRY: undefined } });
    expect(status).toBe(0);
    const calls = (await readFile(trace, 'utf8')).split('\n');
    expect(calls.filter((call) => /AF_INET|AF_NETLINK/.test(call))).toEqual([]);
    // The same filter does see network calls: it would not be a check otherwise.
    const control = "require('net').connect(9, '127.0.0.1').on('error', () => {})";
    await run('strace', ['-f', '-qq', '-e', 'trace=network', '-o', trace, process.execPath, '-e', control]);
    expect(await readFile(trace, 'utf8')).toContain('AF_INET');
  },
);
