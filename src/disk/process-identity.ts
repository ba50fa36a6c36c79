import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { processExists } from '../process-exists.ts';

/** Which process holds something: its id alone is given to another after its end. */
export interface ProcessIdentity {
  readonly hostname: string;
  /** Ids of processes mean something in one namespace only: containers may share a cache folder, and even a host name. */
  readonly pidNamespace: string | null;
  readonly pid: number;
  /** When it started, in the kernel's ticks; null where the system does not say. */
  readonly startTicks: number | null;
}

/** This process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [pidNamespace, stat] = await Promise.all([readlink('/proc/self/ns/pid').catch(() => null), readStat(process.pid)]);
  return { hostname: hostname(), pidNamespace, pid: process.pid, startTicks: stat?.startTicks ?? null };
}

/** Whether a process runs; undefined if it cannot be seen from here. */
export async function isRunning(other: ProcessIdentity, own: ProcessIdentity): Promise<boolean | undefined> {
  if (other.hostname !== own.hostname || other.pidNamespace !== own.pidNamespace) return undefined;
  if (!processExists(other.pid)) return false;
  const stat = await readStat(other.pid);
  if (stat === undefined) return true;
  return !stat.ended && (other.startTicks === null || other.startTicks === stat.startTicks);
}

/** What Linux tells of a process in /proc/PID/stat, proc(5); undefined elsewhere. A zombie has ended. */
async function readStat(pid: number): Promise<{ startTicks: number; ended: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field, a name in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { startTicks: Number(fields[19]), ended: fields[0] === 'Z' || fields[0] === 'X' };
}
