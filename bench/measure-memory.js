import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { highestBytes, treeBytes } from './process-tree.js';

const SAMPLE_MS = 30;
/** What was given back is gone from the process's pages a little later. */
const SETTLE_MS = 500;
const PHASES = /** @type {const} */ (['loaded', 'worked', 'unloaded']);

/**
 * Runs a program at a phased job of measure-job.js and looks at its memory, that of all its processes, after each phase.
 * @param {{ interpreter: string, args: readonly string[] }} command
 * @param {Readonly<Record<string, string>>} env
 * @returns {Promise<{ loaded: number, peak: number, unloaded: number }>} bytes; peak: of samples, or of one process as the system saw it
 * @throws Error with what it wrote to stderr if it fails
 */
export async function measureMemory({ interpreter, args }, env) {
  const child = spawn(interpreter, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child, 'spawn');
  const pid = /** @type {number} */ (child.pid);
  let diagnostics = '';
  child.stderr.on('data', (data) => {
    diagnostics += data;
  });
  const ended = once(child, 'close');
  const bytes = { loaded: 0, peak: 0, unloaded: 0 };
  let sampling = true;
  const samples = (async () => {
    while (sampling) {
      bytes.peak = Math.max(bytes.peak, await treeBytes(pid));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    for (const phase of PHASES) {
      if ((await lines.next()).done) throw new Error(`${args.join(' ')} ended before it had ${phase}: ${diagnostics}`);
      if (phase === 'worked') {
        bytes.peak = Math.max(bytes.peak, await highestBytes(pid));
      } else {
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        bytes[phase] = await treeBytes(pid);
      }
      child.stdin.write('\n');
    }
    return bytes;
  } finally {
    sampling = false;
    await samples;
    child.stdin.end();
    await ended;
  }
}
