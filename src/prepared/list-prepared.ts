import { PREPARER_VERSION } from '../preparer-version.ts';
import type { PreparedModel } from '../schemas.ts';
import { machineKey, readMachine } from './machine.ts';
import { describePrepared } from './prepared-store.ts';
import { scanPrepared } from './scan-prepared.ts';
import { areUnchanged } from './sources.ts';

/** What is prepared for this machine, and would be used. */
export async function listPrepared(dir: string): Promise<PreparedModel[]> {
  const here = machineKey(readMachine());
  const usable = (await scanPrepared(dir)).map(async ({ path, manifest }) => {
    if (manifest?.status !== 'prepared' || manifest.preparer !== PREPARER_VERSION) return [];
    if (machineKey(manifest.machine) !== here || !(await areUnchanged(manifest.sources))) return [];
    return [describePrepared(path, manifest)];
  });
  return (await Promise.all(usable)).flat();
}
