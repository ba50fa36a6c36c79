import { readdir, readFile } from 'node:fs/promises';

/** The children of `parent` whose command line contains `text`, from /proc. */
export async function childrenOf(parent: number, text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [state, parentPid] = await statOf(pid);
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return state !== 'Z' && Number(parentPid) === parent && command.includes(text);
    }),
  );
  return pids.filter((_, index) => found[index]);
}

/** Whether a process has been stopped (SIGSTOP), which takes the system a moment after the signal was sent. */
export async function isStopped(pid: number): Promise<boolean> {
  return (await statOf(pid))[0] === 'T';
}

/** The processor time that a process has used, in the kernel's ticks of 10 ms. */
export async function cpuTicks(pid: number): Promise<number> {
  const fields = await statOf(pid);
  return Number(fields[11]) + Number(fields[12]);
}

/** The fields of /proc/PID/stat from the third, the state, on: proc(5). */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks again until there is an answer; the test's own timeout is the limit. */
export async function waitUntil<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
