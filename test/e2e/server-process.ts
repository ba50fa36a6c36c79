import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { BIN } from './command.ts';

/** The built-in models under the usual names. */
export const TINY_ALIASES = ['--alias', 'mit-b0=tiny', '--alias', 't5=tiny', '--alias', 'bart=tiny'];

/** `onnx-predict serve`, as it runs. */
export interface ServerProcess {
  readonly child: ChildProcess;
  /** What it wrote so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** Resolves once it says where it listens. */
  readonly url: Promise<string>;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
  /** The lines of JSON on standard error so far. */
  logLines(): Record<string, unknown>[];
}

/** Starts the built command on a free port; it is ended with the test. */
export function startServer(args: readonly string[] = TINY_ALIASES, env: NodeJS.ProcessEnv = {}): ServerProcess {
  const child = spawn(process.execPath, [BIN, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const output = { stdout: '', stderr: '' };
  const ended = new Promise<Awaited<ServerProcess['ended']>>((resolve) => {
    child.once('close', (status, signal) => resolve({ status, signal }));
  });
  const url = new Promise<string>((resolve, reject) => {
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (data: string) => {
        output[name] += data;
        const [, url] = /^Listening on (\S+) \(docs at \/docs\)$/m.exec(output.stderr) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
    void ended.then(() => reject(new Error(`the server did not listen: ${output.stderr}`)));
  });
  // Who does not wait for it may have wanted it to fail.
  url.catch(() => {});
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    output,
    url,
    ended,
    logLines: () =>
      output.stderr
        .split('\n')
        .slice(0, -1)
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
