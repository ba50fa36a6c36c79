import { readdir, readFile } from 'node:fs/promises';

/**
 * The most memory that this process, and those that it has started, had at any time; null where the system does not say.
 * @returns {Promise<number | null>}
 */
export async function peakMegabytes() {
  let kilobytes = 0;
  for (const name of await readdir('/proc').catch(() => [])) {
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
    if (Number(name) !== process.pid && parent !== process.pid) continue;
    kilobytes += Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return kilobytes === 0 ? null : kilobytes / 1024;
}
