import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The command as a user's shell starts it. */
export const BIN = 'bin/onnx-predict.js';

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  readonly stdin?: Uint8Array | string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], { stdin = '', env, cwd }: StartOptions = {}): Promise<Ended> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (data: string) => {
      text[name] += data;
    });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ ...text, status, signal }));
  });
}

/** Runs `onnx-predict` with these arguments. */
export function onnxPredict(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return run(process.execPath, [BIN, ...args], options);
}

/** Whether a program is installed and can do what a suite needs of it. */
export function canRun(program: string, probe: readonly string[]): boolean {
  return findProgram(program) !== undefined && spawnSync(program, probe, { stdio: 'ignore' }).status === 0;
}

/** Where the shell would find a program. */
export function findProgram(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
