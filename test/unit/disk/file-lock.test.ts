import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/disk/clock.ts';
import { holdLock, isLocked } from '../../../src/disk/file-lock.ts';
import { ownIdentity, type ProcessIdentity } from '../../../src/disk/process-identity.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  path = join(folder, 'locks', 'etag.lock');
});
afterEach(() => rm(folder, { recursive: true }));

const signal = new AbortController().signal;
const options = { clock: systemClock, signal };
/** No system gives out process ids as high as this. */
const DEAD_PID = 2 ** 30;

async function plantLock(changes: Partial<ProcessIdentity>): Promise<void> {
  await using _made = await holdLock(join(folder, 'locks', 'other'), options);
  await writeFile(path, JSON.stringify({ ...(await ownIdentity()), token: 'planted', ...changes }));
}

async function age(file: string): Promise<void> {
  const longAgo = new Date(Date.now() - 120_000);
  await utimes(file, longAgo, longAgo);
}

describe('a lock', () => {
  test('is held by one at a time', async () => {
    const order: string[] = [];
    const first = await holdLock(path, options);
    const second = holdLock(path, options).then((lock) => {
      order.push('second');
      return lock;
    });
    expect(await isLocked(path, systemClock)).toBe(true);
    order.push('first');
    await first[Symbol.asyncDispose]();
    await (await second)[Symbol.asyncDispose]();
    expect(order).toEqual(['first', 'second']);
    expect(await readdir(join(folder, 'locks'))).toEqual([]);
  });

  test('of a process that has ended is taken over', async () => {
    await plantLock({ pid: DEAD_PID });
    expect(await isLocked(path, systemClock)).toBe(false);
    await using _lock = await holdLock(path, options);
    expect(await isLocked(path, systemClock)).toBe(true);
  });

  test.runIf(process.platform === 'linux')('of a process whose id was given to another is taken over', async () => {
    await plantLock({ startTicks: 1 });
    await using _lock = await holdLock(path, options);
    expect(await isLocked(path, systemClock)).toBe(true);
  });

  test('of another machine is respected while there are signs of life', async () => {
    await plantLock({ hostname: 'elsewhere' });
    expect(await isLocked(path, systemClock)).toBe(true);
    await age(path);
    expect(await isLocked(path, systemClock)).toBe(false);
  });

  test('of another container is not judged by process ids', async () => {
    await plantLock({ pidNamespace: 'pid:[1]', pid: DEAD_PID });
    expect(await isLocked(path, systemClock)).toBe(true);
  });

  describe.each(['', 'garbage', '{}'])('whose content is %j', (content) => {
    test('is respected while it may just be being made, and taken over then', async () => {
      await plantLock({});
      await writeFile(path, content);
      expect(await isLocked(path, systemClock)).toBe(true);
      await age(path);
      expect(await isLocked(path, systemClock)).toBe(false);
      await using _lock = await holdLock(path, options);
      expect(await isLocked(path, systemClock)).toBe(true);
    });

    test('does not keep a dead one from being taken over', async () => {
      await plantLock({ pid: DEAD_PID });
      await writeFile(`${path}.breaker`, content);
      await age(`${path}.breaker`);
      await using _lock = await holdLock(path, options);
      expect(await isLocked(path, systemClock)).toBe(true);
    });
  });

  test('that cannot be removed is an error of the system', async () => {
    await mkdir(path, { recursive: true });
    await age(path);
    await expect(holdLock(path, options)).rejects.toMatchObject({ syscall: expect.any(String) as string });
  });

  test('is given to one of many that find a dead owner, and then to the next', async () => {
    await plantLock({ pid: DEAD_PID });
    let holders = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await using _lock = await holdLock(path, options);
        holders += 1;
        most = Math.max(most, holders);
        await readdir(folder);
        holders -= 1;
      }),
    );
    expect(most).toBe(1);
  });

  test('that is waited for in vain can be given up', async () => {
    await using _lock = await holdLock(path, options);
    const controller = new AbortController();
    const waiting = holdLock(path, { clock: systemClock, signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(waiting).rejects.toThrow('changed my mind');
  });

  test('in a folder that cannot be made is an error of the system', async () => {
    await writeFile(join(folder, 'file'), '');
    const refused = holdLock(join(folder, 'file', 'locks', 'x'), options);
    await expect(refused).rejects.toMatchObject({ syscall: expect.any(String) as string });
  });
});
