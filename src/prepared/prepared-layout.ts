import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/**
 * Where one preparation is kept below the folder of prepared models:
 *
 *     KEY/MACHINE/prepared.json      what it is, or why it failed
 *     KEY/MACHINE/...                the graphs and their weights, as the preparer named them
 *     KEY/MACHINE.lock               while it is being made
 *     KEY/MACHINE.draft-UUID/        what is being made
 *
 * KEY stands for the source files and the preparer's version, MACHINE for ONNX Runtime's version and the processor.
 */
export interface PreparedLayout {
  /** Of all that was prepared of these sources. */
  readonly root: string;
  readonly folder: string;
  readonly lock: string;
  /** Another one each time. */
  draft(): string;
  isDraft(name: string): boolean;
}

export const MANIFEST = 'prepared.json';
const KEY = /^[0-9a-f]{32}$/;
const MACHINE = /^[0-9a-f]{16}(?=$|\.lock|\.draft-)/;

export function preparedLayout(dir: string, key: string, machine: string): PreparedLayout {
  const root = join(dir, key);
  const folder = join(root, machine);
  return {
    root,
    folder,
    lock: `${folder}.lock`,
    draft: () => `${folder}.draft-${randomUUID()}`,
    isDraft: (name) => name.startsWith(`${machine}.draft-`),
  };
}

/** Whether a name in the folder of prepared models is one of ours: nothing else in it is ever touched. */
export function isKey(name: string): boolean {
  return KEY.test(name);
}

/** Which machine a name below a key belongs to; undefined for a name that is none of ours. */
export function machineOf(name: string): string | undefined {
  return MACHINE.exec(name)?.[0];
}
