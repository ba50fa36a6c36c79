import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine, type EngineOptions } from '../../src/engine.ts';
import { OnnxPredictError } from '../../src/errors.ts';

async function failure(run: () => unknown): Promise<OnnxPredictError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof OnnxPredictError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('an engine refuses', () => {
  test.each([
    ['fetch', { fetch: 5 }],
    ['aliases', { aliases: { constructor: 'tiny' } }],
    ['aliases', { aliases: 't5=tiny' }],
    ['aliases.my t5', { aliases: { 'my t5': 'tiny' } }],
    ['keepAliveMs', { keepAliveMs: 2 ** 31 }],
    ['endpoint', { endpoint: 'ftp://x' }],
    ['endpoint', { endpoint: 'https://user:hunter2@x' }],
    ['token', { token: 'hunter2→' }],
    ['token', { token: 'hunter2\r\n' }],
  ])('an option %s that cannot be used, at once and without a secret: %j', async (name, options) => {
    const error = await failure(() => createEngine(options as unknown as EngineOptions));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('hunter2');
  });

  test.each([
    ['signal', { signal: 5 }],
    ['signal', { signal: {} }],
    ['onProgress', { onProgress: 'console.log' }],
  ])('to pull with a %s that is none: %j', async (name, options) => {
    await using engine = createEngine({ offline: true });
    const error = await failure(() => engine.pull('tiny', options as never));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(new RegExp(`^${name}: must be`));
  });

  test('what is no option of the models', async () => {
    await using engine = createEngine({ offline: true });
    const { models } = engine;
    for (const run of [
      () => models.show('tiny', { signal: 5 } as never),
      () => models.show(5 as never),
      () => models.show('tiny', { revision: '' }),
      () => models.remove('a/b', { dryRun: 'yes' } as never),
      () => models.prune({ dryrun: true } as never),
      () => models.verify('a/b', { signal: 5 } as never),
    ]) {
      expect((await failure(run)).code).toBe('INVALID_ARGUMENT');
    }
  });
});

describe('a relative cache folder', () => {
  const home = process.cwd();
  let folder: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'onnx-predict-test-')));
    process.chdir(folder);
  });
  afterEach(async () => {
    process.chdir(home);
    await rm(folder, { recursive: true });
  });

  test('stays where it was when the engine was made', async () => {
    await using engine = createEngine({ cacheDir: 'usb', offline: true });
    process.chdir(home);
    await writeFile(join(folder, 'usb'), '');
    const { message } = await failure(() => engine.pull('a/b'));
    expect(message).toContain(`cache ${join(folder, 'usb')},`);
  });
});
