import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorReport, OnnxPredictError } from '../../errors.ts';
import type { PreparableModel } from '../../protocol.ts';

/** Which graphs of a model are tried; paths by roles. */
export type ProbedGraphs =
  | { readonly kind: 'stock' }
  /** Rewritten; ONNX Runtime's own save of them is left in `saveTo`, if that is given. */
  | {
      readonly kind: 'graph';
      readonly paths: Readonly<Record<string, string>>;
      readonly saveTo?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'optimized'; readonly paths: Readonly<Record<string, string>> };

export interface ProbeRequest {
  readonly model: PreparableModel;
  readonly graphs: ProbedGraphs;
}

export type ProbeAnswer = { readonly rows: readonly Float32Array[] } | { readonly error: ErrorReport };

const MAIN_FILE = fileURLToPath(new URL('./probe-main.js', import.meta.url));
const MAX_STDERR_CHARACTERS = 500;

/**
 * Asks graphs for their scores in a process of its own: some files crash whoever loads them.
 * @throws OnnxPredictError MODEL_INVALID, RUNNER_CRASHED
 */
export async function probe(request: ProbeRequest): Promise<readonly Float32Array[]> {
  const child = fork(MAIN_FILE, [], { execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const answer = new Promise<ProbeAnswer>((resolve) => child.once('message', resolve));
  const ended = whenEnded(child);
  child.send(request);
  const outcome = await Promise.race([answer, ended]);
  child.kill('SIGKILL');
  await ended;
  if (typeof outcome === 'string') throw new OnnxPredictError('RUNNER_CRASHED', `Trying the graphs ended with ${outcome}.`);
  if ('error' in outcome) throw new OnnxPredictError(outcome.error.code, outcome.error.message);
  return outcome.rows;
}

function whenEnded(child: ChildProcess): Promise<string> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`${signal ?? `exit status ${code}`} ${stderr.trim()}`.trim()));
  });
}
