import { readdir, readFile } from 'node:fs/promises';
import { memoryOf } from './process-figures.js';

/**
 * A process and all that it has started, directly or not.
 * @param {number} root
 */
async function treeOf(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Of the kernel's clock in /proc, on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/**
 * Milliseconds of processor time that a process and those that it has started, and that still run, have used.
 * @param {number} root
 */
export async function treeCpuMs(root) {
  const stats = await Promise.all((await treeOf(root)).map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.reduce((sum, stat) => {
    // The name before may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;
  }, 0);
}

/**
 * What a process and all that it has started hold: pages that several share count once.
 * @param {number} root
 */
export async function treeBytes(root) {
  const figures = await Promise.all((await treeOf(root)).map(memoryOf));
  return figures.reduce((sum, { pssBytes }) => sum + pssBytes, 0);
}

/**
 * The most that any one of them has had resident at any time.
 * @param {number} root
 */
export async function highestBytes(root) {
  const statuses = await Promise.all((await treeOf(root)).map((pid) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')));
  return Math.max(...statuses.map((status) => Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1024));
}
