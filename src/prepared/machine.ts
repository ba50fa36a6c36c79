import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What ONNX Runtime's own saves depend on: another version, or another processor, may compute wrongly with them, or not at all. */
export interface Machine {
  /** ONNX Runtime's version. */
  readonly runtime: string;
  /** The processor's name and its instruction sets. */
  readonly cpu: string;
}

/** Of /proc/cpuinfo, whose first processor is described in less. */
const CPUINFO_BYTES = 8192;

/**
 * This machine. It is asked for on the way to every first answer: two small files are read at once, which takes about two
 * milliseconds, where the steps of an asynchronous reading wait for threads.
 * @throws Error if ONNX Runtime is not installed
 */
export function readMachine(): Machine {
  return { runtime: readRuntimeVersion(dirname(fileURLToPath(import.meta.url))), cpu: describeCpu() };
}

/** The name under which a machine's prepared models are kept. */
export function machineKey({ runtime, cpu }: Machine): string {
  return createHash('sha256')
    .update(JSON.stringify([runtime, cpu]))
    .digest('hex')
    .slice(0, 16);
}

/** From its package.json, found as Node finds packages: its code takes long to load. */
function readRuntimeVersion(folder: string): string {
  try {
    const text = readFileSync(join(folder, 'node_modules', 'onnxruntime-node', 'package.json'), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  } catch (error) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('onnxruntime-node is not installed', { cause: error });
    return readRuntimeVersion(parent);
  }
}

function describeCpu(): string {
  const text = readStart('/proc/cpuinfo');
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1];
  // ARM names its instruction sets Features, and often no model.
  const flags = field('flags') ?? field('Features') ?? '';
  const model = field('model name') ?? cpus()[0]?.model ?? 'unknown';
  return `${model} (${arch()}, ${createHash('sha256').update(flags).digest('hex').slice(0, 8)})`;
}

/** The kernel writes the file while it is read, and all of it takes long where there are many processors. */
function readStart(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.alloc(CPUINFO_BYTES);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, CPUINFO_BYTES, 0));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
