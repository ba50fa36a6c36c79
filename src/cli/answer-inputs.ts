import { readHubEnvironment } from '../config.ts';
import type { Engine } from '../engine.ts';
import { type ErrorReport, OnnxPredictError, reportError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { jsonLine, printable } from '../printable-text.ts';
import type { LoadEvent } from '../schemas.ts';
import type { CommandDependencies } from './command-dependencies.ts';
import { showDownloads } from './download-progress.ts';
import { EXIT, EXIT_STATUS } from './exit-status.ts';
import { type Input, STDIN } from './expand-inputs.ts';
import { type RunFlags, toRunOptions } from './model-options.ts';
import type { Terminal } from './terminal.ts';

/** How a command answers its inputs, one after the other. */
export interface Answering<Result> {
  readonly inputs: readonly Input[];
  readonly flags: RunFlags;
  /** Whether an answer is over so soon that the start of a process of its own would be felt. */
  readonly brief: boolean;
  /** Asks the engine. `onDownload` is undefined where no progress is to be shown. */
  readonly answer: (file: string, engine: Engine, onDownload: ((event: LoadEvent) => void) | undefined) => Promise<Result>;
  /** The text of one result, line ends included; empty where it was written already. */
  readonly format: (file: string, result: Result) => string;
  /** Whether every line of JSON says its type, as there are several. */
  readonly typed?: boolean;
}

/**
 * Answers inputs and writes the results; one that fails does not stop the others.
 * @returns whether one failed
 * @throws what ends the whole command: a model that cannot be had, wrong usage, the user's interruption
 */
export async function answerInputs<Result>(
  { inputs, flags, brief, answer, format, typed = false }: Answering<Result>,
  { terminal, createEngine, signal }: CommandDependencies,
): Promise<boolean> {
  const warn = (message: string) => terminal.writeDiagnostic(printable(message));
  const logger = flags.quiet === true ? silentLogger : { ...silentLogger, warn };
  const engine = await createEngine({ ...toRunOptions(flags), logger }, { oneShot: brief && inputs.length === 1 });
  const progress = showDownloads(terminal, readHubEnvironment().progressBars && flags.quiet !== true);
  const write = async (text: string) => (text === '' ? undefined : terminal.writeResult(text));
  let failed = false;
  try {
    for (const input of inputs) {
      const outcome = await attempt(input, (file) => answer(file, engine, progress.onProgress), signal);
      progress.stop();
      // Nobody reads it, and that may be why it was given up.
      if (terminal.outputClosed) break;
      if ('result' in outcome) await write(format(input.file, outcome.result));
      else {
        failed = true;
        await reportFailure(input.file, outcome.error, { json: flags.json === true, typed, terminal });
      }
      if (terminal.outputClosed) break;
    }
  } finally {
    progress.stop();
    await engine.close();
  }
  return failed;
}

/**
 * Refuses to read standard input twice, or from a keyboard.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function checkStdin(args: readonly string[], noun: string, { stdin }: Terminal): void {
  if (args.filter((arg) => arg === STDIN).length > 1) {
    throw new OnnxPredictError('INVALID_ARGUMENT', 'Standard input (-) can be read only once; name it once.');
  }
  if (args.includes(STDIN) && stdin.isTTY === true) {
    throw new OnnxPredictError(
      'INVALID_ARGUMENT',
      `Standard input (-) is the keyboard here; pipe a ${noun} into it, or name a file.`,
    );
  }
}

async function attempt<Result>(
  input: Input,
  answer: (file: string) => Promise<Result>,
  signal: AbortSignal,
): Promise<{ readonly result: Result } | { readonly error: ErrorReport }> {
  try {
    if ('error' in input) throw input.error;
    return { result: await answer(input.file) };
  } catch (error) {
    signal.throwIfAborted();
    const report = reportError(error);
    if (EXIT_STATUS[report.code] !== EXIT.inputFailed) throw error;
    return { error: report };
  }
}

async function reportFailure(
  file: string,
  error: ErrorReport,
  { json, typed, terminal }: { readonly json: boolean; readonly typed: boolean; readonly terminal: Terminal },
): Promise<void> {
  terminal.writeDiagnostic(`${printable(file)}: ${printable(error.message)}`);
  if (json) await terminal.writeResult(`${jsonLine({ ...(typed ? { type: 'error' } : {}), file, error })}\n`);
}
