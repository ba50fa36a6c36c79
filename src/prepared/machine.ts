import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, cpus } from 'node:os';

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
 * This machine.
 * @throws the system's error if ONNX Runtime is not installed
 */
export async function readMachine(): Promise<Machine> {
  // Its version is wanted without the seconds that loading it takes.
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const [text, cpu] = await Promise.all([readFile(path, 'utf8'), describeCpu()]);
  return { runtime: (JSON.parse(text) as { version: string }).version, cpu };
}

/** The name under which a machine's prepared models are kept. */
export function machineKey({ runtime, cpu }: Machine): string {
  return createHash('sha256')
    .update(JSON.stringify([runtime, cpu]))
    .digest('hex')
    .slice(0, 16);
}

async function describeCpu(): Promise<string> {
  const text = await readStart('/proc/cpuinfo').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(text)?.[1];
  // ARM names its instruction sets Features, and often no model.
  const flags = field('flags') ?? field('Features') ?? '';
  const model = field('model name') ?? cpus()[0]?.model ?? 'unknown';
  return `${model} (${arch()}, ${createHash('sha256').update(flags).digest('hex').slice(0, 8)})`;
}

/** The kernel writes the file while it is read, and all of it takes long where there are many processors. */
async function readStart(path: string): Promise<string> {
  await using file = await open(path);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(CPUINFO_BYTES), 0, CPUINFO_BYTES, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
