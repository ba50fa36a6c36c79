import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Reads a file of the kernel's, or gives undefined where there is none. */
export type ReadKernelFile = (path: string) => string | undefined;

/**
 * How many threads can compute at once here: the processors this process may use, or fewer where a control group's CPU quota
 * (a container's `--cpus`) allows less. Node 20 sees the processors, but not the quota.
 */
export function availableThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota(readKernelFile))));
}

/** The CPU quota of this process's control group and all above it, in processors; Infinity without one. */
export function cpuQuota(read: ReadKernelFile): number {
  const membership = read('/proc/self/cgroup') ?? '';
  let quota = Infinity;
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === '')
      quota = Math.min(
        quota,
        lowestQuota('/sys/fs/cgroup', path, (folder) => quotaV2(read, folder)),
      );
    else if (controllers.split(',').includes('cpu')) {
      quota = Math.min(
        quota,
        lowestQuota('/sys/fs/cgroup/cpu', path, (folder) => quotaV1(read, folder)),
      );
    }
  }
  return quota;
}

/** The least quota from the group at `path` up to the root of what is mounted; a parent's quota binds its children. */
function lowestQuota(mount: string, path: string, quotaOf: (folder: string) => number): number {
  let quota = quotaOf(mount);
  for (let group = path; group !== '/' && group !== '.'; group = dirname(group))
    quota = Math.min(quota, quotaOf(join(mount, group)));
  return quota;
}

/** cpu.max: "quota period" in microseconds, or "max period". */
function quotaV2(read: ReadKernelFile, folder: string): number {
  const [quota, period] = (read(join(folder, 'cpu.max')) ?? '').trim().split(' ');
  return ratio(quota, period);
}

/** cpu.cfs_quota_us is -1 where there is no limit. */
function quotaV1(read: ReadKernelFile, folder: string): number {
  return ratio(read(join(folder, 'cpu.cfs_quota_us')), read(join(folder, 'cpu.cfs_period_us')));
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const value = Number(quota) / Number(period);
  return value > 0 ? value : Infinity;
}

function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
