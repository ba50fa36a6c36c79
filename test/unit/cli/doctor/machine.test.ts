import { describe, expect, test } from 'vitest';
import { checkFlags, chosenThreads, fastFlags } from '../../../../src/cli/doctor/machine.ts';
import { checkNode } from '../../../../src/cli/doctor/versions.ts';

describe('the instructions of a processor', () => {
  test.each([
    ['flags\t\t: fpu sse2 avx avx2 avx512_vnni\n', ['avx2', 'avx512_vnni']],
    ['Features\t: fp asimd asimddp crc32\n', ['asimd', 'asimddp']],
    ['model name: none\n', undefined],
    [undefined, undefined],
  ])('are read from %j', (cpuinfo, flags) => {
    expect(fastFlags(cpuinfo)).toEqual(flags);
  });

  test('are warned of where the fast ones are missing', () => {
    expect(checkFlags(['avx2'])).toMatchObject({ status: 'ok' });
    expect(checkFlags([])).toMatchObject({ status: 'warning', remedy: expect.stringContaining('AVX2') as string });
  });
});

describe('the threads', () => {
  const quota = (path: string) =>
    path === '/proc/self/cgroup' ? '0::/\n' : path.endsWith('cpu.max') ? '150000 100000\n' : undefined;

  test.each([
    [undefined, () => undefined, 4, '4: every core that may be used'],
    [undefined, quota, 4, '2: the quota, rounded up'],
    [3, quota, 4, '3, as --threads'],
  ])('come with their reason', (threads, read, usable, text) => {
    expect(chosenThreads(threads, read, usable)).toContain(text);
  });
});

test.each([
  ['20.19.0', 'ok'],
  ['24.0.0', 'ok'],
  ['20.18.3', 'problem'],
  ['18.20.0', 'problem'],
])('Node %s is %s', (version, status) => {
  expect(checkNode(version).status).toBe(status);
});
