import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LISTENING = /^Listening on (http:\S+)/;
const MAX_LINES = 200;

/**
 * A server that listens on a port of this machine.
 * @typedef {object} ServerProcess
 * @property {string} url
 * @property {number} pid
 * @property {string[]} lines what it wrote last
 * @property {() => boolean} alive
 * @property {(signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>} stop resolves with its exit status, or what ended it
 */

/** What onnx-predict is started with. */
export const ONNX_PREDICT = fileURLToPath(new URL('../bin/onnx-predict.js', import.meta.url));

/**
 * Starts a server and waits until it says where it listens.
 * @param {object} options
 * @param {string} [options.program] default: Node
 * @param {readonly string[]} options.args
 * @param {Readonly<Record<string, string>>} [options.env]
 * @param {(line: string) => void} [options.onLine] told of every line that it writes
 * @returns {Promise<ServerProcess>}
 * @throws Error with what it wrote if it ends before
 */
export function startServer({ program = process.execPath, args, env = {}, onLine = () => {} }) {
  const child = spawn(program, args, {
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', HF_HUB_OFFLINE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  /** @type {string[]} */
  const lines = [];
  /** @type {Promise<number | NodeJS.Signals | null>} */
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(signal ?? status));
  });
  return new Promise((resolve, reject) => {
    ended.then(
      (ending) => reject(new Error(`${args.join(' ')} ended with ${ending}:\n${lines.join('\n')}`)),
      (error) => reject(error),
    );
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > MAX_LINES) lines.shift();
        onLine(line);
        const url = LISTENING.exec(line)?.[1];
        if (url === undefined) return;
        resolve({
          url,
          pid: /** @type {number} */ (child.pid),
          lines,
          alive: () => child.exitCode === null && child.signalCode === null,
          stop(signal) {
            child.kill(signal);
            return ended;
          },
        });
      });
    }
  });
}

/**
 * Asks until the server is ready.
 * @param {string} url
 * @param {number} timeoutMs
 */
export async function untilReady(url, timeoutMs) {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    if (response.status === 200) return;
    if (performance.now() > deadlineMs) throw new Error(`${url} was not ready after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
