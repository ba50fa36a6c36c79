import { readHubEnvironment } from '../config.ts';
import { type ErrorReport, OnnxPredictError, reportError } from '../errors.ts';
import { type Logger, silentLogger } from '../logger.ts';
import { printable } from '../printable-text.ts';
import type { LoadEvent } from '../schemas.ts';
import { type AnswerOutput, toResultsFile, toStandardOutput } from './answer-output.ts';
import type { CommandDependencies } from './command-dependencies.ts';
import { showDownloads } from './download-progress.ts';
import { EXIT, EXIT_STATUS } from './exit-status.ts';
import { type Input, STDIN } from './expand-inputs.ts';
import { type RunFlags, toRunOptions } from './model-options.ts';
import type { AnsweringEngine } from './remote/remote-engine.ts';
import { openResultsFile } from './results-file.ts';
import { showRun } from './run-progress.ts';
import { describeTally, type RunTally } from './run-tally.ts';
import { asksServer, openServer } from './server-options.ts';
import type { Terminal } from './terminal.ts';

/** How a command answers its inputs, one after the other. */
export interface Answering<Result extends object> {
  readonly inputs: readonly Input[];
  readonly flags: RunFlags;
  /** Whether an answer is over so soon that the start of a process of its own would be felt. */
  readonly brief: boolean;
  /** What is counted per second. */
  readonly unit: string;
  /** Asks the engine. `onDownload` is undefined where no progress is to be shown. */
  readonly answer: (
    file: string,
    engine: AnsweringEngine,
    onDownload: ((event: LoadEvent) => void) | undefined,
  ) => Promise<Result>;
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
export async function answerInputs<Result extends object>(
  answering: Answering<Result>,
  dependencies: CommandDependencies,
): Promise<boolean> {
  const { flags, format, typed = false } = answering;
  const { terminal } = dependencies;
  if (flags.out === undefined) {
    if (flags.resume === true) {
      throw new OnnxPredictError('INVALID_ARGUMENT', '--resume goes on with a file of results: name it with --out.');
    }
    const output = toStandardOutput(terminal, { format, json: flags.json === true, typed });
    return (await answerAll(answering, { output, skipped: 0 }, dependencies)).failed > 0;
  }
  await using results = await openResultsFile(flags.out, { resume: flags.resume === true });
  const inputs = answering.inputs.filter((input) => 'error' in input || !results.has(input.file));
  const skipped = answering.inputs.length - inputs.length;
  const startedAtMs = performance.now();
  const tally = await answerAll({ ...answering, inputs }, { output: toResultsFile(results, format), skipped }, dependencies);
  if (flags.quiet !== true) {
    const said = describeTally(tally, performance.now() - startedAtMs);
    terminal.writeDiagnostic(printable(`${said}; the results are in ${results.path}`));
  }
  return tally.failed > 0;
}

async function answerAll<Result extends object>(
  { inputs, flags, brief, unit, answer }: Answering<Result>,
  { output, skipped }: { readonly output: AnswerOutput<Result>; readonly skipped: number },
  { terminal, createEngine, signal }: CommandDependencies,
): Promise<RunTally> {
  const tally: RunTally = { answered: 0, failed: 0, skipped };
  if (inputs.length === 0) return tally;
  const engine = asksServer(flags)
    ? await connectEngine(flags)
    : await createEngine(
        { ...toRunOptions(flags), logger: warningsTo(terminal, flags) },
        { oneShot: brief && inputs.length === 1 },
      );
  const downloads = showDownloads(terminal, readHubEnvironment().progressBars && flags.quiet !== true);
  const run = showRun(terminal, { total: inputs.length, unit, enabled: showsRun(inputs, flags, terminal) });
  try {
    for (const input of inputs) {
      const outcome = await attempt(input, (file) => answer(file, engine, downloads.onProgress), signal);
      downloads.stop();
      // Nobody reads it, and that may be why it was given up.
      if (output.closed) break;
      if ('result' in outcome) {
        tally.answered++;
        await output.write(input.file, outcome.result);
      } else {
        tally.failed++;
        run.clear();
        terminal.writeDiagnostic(`${printable(input.file)}: ${printable(outcome.error.message)}`);
        await output.fail(input.file, outcome.error);
      }
      run.advance(input.file);
      if (output.closed) break;
    }
  } finally {
    run.clear();
    downloads.stop();
    await engine.close();
  }
  return tally;
}

/** What an operator would be told of the engine. */
function warningsTo(terminal: Terminal, { quiet }: RunFlags): Logger {
  return quiet === true ? silentLogger : { ...silentLogger, warn: (message) => terminal.writeDiagnostic(printable(message)) };
}

/** Loaded only for who asks a server. */
async function connectEngine(flags: RunFlags): Promise<AnsweringEngine> {
  const { createRemoteEngine } = await import('./remote/remote-engine.ts');
  return createRemoteEngine(await openServer(flags));
}

/** Whether a line may say how far a run is: the answers must not come between on the same terminal. */
export function showsRun(inputs: readonly Input[], { out, quiet }: RunFlags, { stdout }: Terminal): boolean {
  return inputs.length > 1 && quiet !== true && (out !== undefined || stdout.isTTY !== true);
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
