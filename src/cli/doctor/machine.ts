import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { formatBytes } from '../../format-bytes.ts';
import { cpuQuota } from '../../runtime/available-threads.ts';
import { type Check, checksOf } from './check.ts';

const { ok, warning } = checksOf('machine');
/** What makes matrix products fast, by the kernel's names: x86, then ARM. */
const FAST_FLAGS = /^(?:avx2|fma|f16c|avx512f|avx512_vnni|avx_vnni|avx512_bf16|amx_\w+|asimd|asimddp|i8mm|bf16|sve2?)$/;
/** T5 in fp32, and what runs it. */
const ENOUGH_BYTES = 1e9;

/** What this machine computes with. */
export function checkMachine(threads: number | undefined, read = readKernelFile): readonly Check[] {
  const flags = fastFlags(read('/proc/cpuinfo'));
  return [
    ok('processor', cpus()[0]?.model.trim() || 'unknown'),
    flags === undefined ? ok('instructions', 'not known on this system') : checkFlags(flags),
    ok('cores', coresOf(read)),
    ok('threads', chosenThreads(threads, read)),
    checkMemory(freemem()),
  ];
}

/** Undefined where the system does not say. */
export function fastFlags(cpuinfo: string | undefined): readonly string[] | undefined {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo ?? '')?.[1];
  return line?.split(' ').filter((flag) => FAST_FLAGS.test(flag));
}

export function checkFlags(flags: readonly string[]): Check {
  const text = flags.join(' ') || 'none that matters';
  if (flags.includes('avx2') || flags.includes('asimd')) return ok('instructions', text);
  const remedy = 'Models run several times slower without AVX2; in a virtual machine, pass the host’s processor through.';
  return warning('instructions', text, remedy);
}

function coresOf(read: typeof readKernelFile): string {
  const quota = cpuQuota(read);
  const usable = availableParallelism();
  const all = cpus().length;
  const cores = usable < all ? `${usable} of ${all} may be used` : `${all}`;
  return quota === Infinity
    ? `${cores}; no quota of a control group`
    : `${cores}; a control group’s quota is ${quota.toFixed(2)}`;
}

/** How many threads a model computes with, and why. */
export function chosenThreads(threads: number | undefined, read: typeof readKernelFile, usable = availableParallelism()): string {
  if (threads !== undefined) return `${threads}, as --threads, ONNX_PREDICT_THREADS or the configuration file says`;
  const quota = Math.max(1, Math.ceil(cpuQuota(read)));
  return quota < usable ? `${quota}: the quota, rounded up` : `${usable}: every core that may be used`;
}

function checkMemory(freeBytes: number): Check {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const free = Math.min(freeBytes, total);
  const text = `${formatBytes(free)} free of ${formatBytes(total)}${total < totalmem() ? ' (a control group’s limit)' : ''}`;
  if (free >= ENOUGH_BYTES) return ok('memory', text);
  return warning('memory', text, 'Larger models may not fit: use --dtype q8, or end other programs.');
}

function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
