import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAppLog } from '../../../../src/http/observation/app-log.ts';
import { waitUntil } from '../../../integration/processes.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'app.log');
});
afterEach(() => rm(folder, { recursive: true }));

function neverFails(message: string): never {
  throw new Error(message);
}

const text = (file = path) => readFile(file, 'utf8').catch(() => undefined);
const lines = async (file?: string) => ((await text(file)) ?? '').trimEnd().split('\n');

test('lines are appended to what is there, and are in the file when it is closed', async () => {
  for (const message of ['one', 'two']) {
    const log = createAppLog({ path, onFailure: neverFails });
    log.write('info', message);
    await log.close();
  }
  const [one, two] = await lines();
  expect(one).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - INFO - one$/);
  expect(two).toMatch(/ - INFO - two$/);
});

test('a full file is put aside, and the oldest is dropped', async () => {
  const log = createAppLog({ path, maxFileBytes: 40, maxOldFiles: 2, onFailure: neverFails });
  for (const message of ['first', 'second', 'third', 'fourth']) log.write('info', message.padEnd(40, '.'));
  await log.close();
  expect((await readdir(folder)).sort()).toEqual(['app.log', 'app.log.1', 'app.log.2']);
  expect(await text(`${path}.1`)).toContain('fourth');
  expect(await text(`${path}.2`)).toContain('third');
});

test('a file that is removed is made anew', async () => {
  let nowMs = 0;
  const log = createAppLog({ path, onFailure: neverFails, now: () => new Date(nowMs) });
  log.write('info', 'one');
  await waitUntil(text);
  await rm(path);
  await waitUntil(async () => {
    nowMs += 6000;
    log.write('info', 'two');
    return text();
  });
  await log.close();
  expect((await lines()).at(-1)).toMatch(/two$/);
});

test('a file that cannot be written is told of once, and tried again later', async () => {
  let nowMs = 0;
  const failures: string[] = [];
  await mkdir(path);
  const log = createAppLog({ path, onFailure: (message) => failures.push(message), now: () => new Date(nowMs) });
  for (let attempt = 0; attempt < 3; attempt++) {
    log.write('info', 'lost');
    await log.close();
    nowMs += 31_000;
  }
  expect(failures).toEqual([expect.stringContaining(path)]);
  await rm(path, { recursive: true });
  await waitUntil(async () => {
    nowMs += 31_000;
    log.write('info', 'kept');
    return text();
  });
  await log.close();
  expect((await lines())[0]).toMatch(/kept$/);
});
