import { readdir, readFile } from 'node:fs/promises';

const RUNNER_FILE = 'runner/main.js';

/**
 * The runners of a server: those of its children that have not ended, from /proc.
 * @param {number} parent
 * @returns {Promise<number[]>}
 */
export async function runnersOf(parent) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      if (Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) !== parent || /^State:\s*Z/m.test(status)) return false;
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(RUNNER_FILE);
    }),
  );
  return pids.filter((_, index) => found[index]);
}

/**
 * A process's resident memory, and the share of it that is its own where pages are shared; 0 once it has ended.
 * @param {number} pid
 */
export async function memoryOf(pid) {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const bytes = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss') };
}

/** @param {number} pid */
export async function numDescriptorsOf(pid) {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
