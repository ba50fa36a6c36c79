import { describe, expect, test } from 'vitest';
import { availableThreads, cpuQuota } from '../../../src/runtime/available-threads.ts';

function quotaOf(files: Record<string, string>): number {
  return cpuQuota((path) => files[path]);
}

describe('the CPU quota', () => {
  test('is read from cpu.max of a container, which sees its own group as the root', () => {
    expect(quotaOf({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' })).toBe(1.5);
  });

  test('is the least of the group’s own and its parents’', () => {
    const files = {
      '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
      '/sys/fs/cgroup/kubepods/pod1/c1/cpu.max': 'max 100000',
      '/sys/fs/cgroup/kubepods/pod1/cpu.max': '200000 100000',
      '/sys/fs/cgroup/kubepods/cpu.max': '800000 100000',
    };
    expect(quotaOf(files)).toBe(2);
  });

  test('is read from cpu.cfs_quota_us under control groups of version 1', () => {
    const files = {
      '/proc/self/cgroup': '11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '300000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    };
    expect(quotaOf(files)).toBe(3);
  });

  test.each([
    ['there is no control group', {}],
    ['cpu.max says max', { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': 'max 100000' }],
    [
      'the version 1 quota is -1',
      {
        '/proc/self/cgroup': '4:cpu:/',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
      },
    ],
    ['the file is garbage', { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': 'nonsense' }],
  ])('is unlimited where %s', (_, files) => {
    expect(quotaOf(files as Record<string, string>)).toBe(Infinity);
  });
});

test('at least one thread is available anywhere', () => {
  expect(availableThreads()).toBeGreaterThanOrEqual(1);
  expect(Number.isInteger(availableThreads())).toBe(true);
});
