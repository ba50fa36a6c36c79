import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const REPORT_CPU = fileURLToPath(new URL('report-cpu.cjs', import.meta.url));

/**
 * One run of a Node program, in milliseconds from its start.
 * @typedef {object} ProcessCost
 * @property {number} labelMs wall time until its first output, or its end if it writes none
 * @property {number} endMs wall time until it ended
 * @property {number} cpuMs processor time of all its threads
 * @property {string} output what it wrote to stdout
 */

/**
 * Runs a program to its end and measures it.
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [env]
 * @param {string} [interpreter] another than Node: its processor time is not known unless it writes it to descriptor 3
 * @returns {Promise<ProcessCost>}
 * @throws Error with what it wrote to stderr if it fails
 */
export function measureProcess(args, env = {}, interpreter = process.execPath) {
  const startMs = performance.now();
  const node = interpreter === process.execPath ? ['--require', REPORT_CPU] : [];
  const child = spawn(interpreter, [...node, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  /** @type {number | undefined} */
  let labelMs;
  let [output, diagnostics, cpu] = ['', '', ''];
  child.stdout?.on('data', (data) => {
    labelMs ??= performance.now() - startMs;
    output += data;
  });
  child.stderr?.on('data', (data) => {
    diagnostics += data;
  });
  child.stdio[3]?.on('data', (data) => {
    cpu += data;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      const endMs = performance.now() - startMs;
      if (status === 0) resolve({ labelMs: labelMs ?? endMs, endMs, cpuMs: cpu === '' ? Number.NaN : Number(cpu), output });
      else reject(new Error(`${args.join(' ')} ended with ${signal ?? status}: ${diagnostics}`));
    });
  });
}
