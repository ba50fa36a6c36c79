import { readFile } from 'node:fs/promises';
import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { jsonLine } from '../../printable-text.ts';
import { availableThreads } from '../../runtime/available-threads.ts';
import { type Dtype, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { runTrial, type Subject } from '../bench/run-trial.ts';
import { chooseBest, planTrials, serveLine, type TrialResult } from '../bench/trials.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { showDownloads } from '../download-progress.ts';
import { cacheDirOption, type HubFlags, offlineOption, revisionOption, toEngineOptions } from '../hub-options.ts';
import { dtypeOption } from '../model-options.ts';
import { wholeNumber } from '../option-values.ts';
import { showRun } from '../run-progress.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly task?: Task;
  readonly dtype: Dtype;
  readonly revision?: string;
  readonly seconds: number;
  readonly json?: true;
}

const DEFAULT_SECONDS = 20;
const EXAMPLES_FOLDER = new URL('../../../examples/', import.meta.url);

const EXAMPLES = `
Examples:
  onnx-predict bench mit-b0
  onnx-predict bench t5 --dtype q8 --seconds 60
  onnx-predict bench tiny --task summarization --json

A picture or a text of the package is asked for in batches of 1 to 8, with one
thread up to all; more seconds measure better. In a pipe: threads, batch,
answers per second, milliseconds of a batch (the median) and runs, between tabs.`;

/** Adds `bench` to the program. */
export function addBenchCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('bench')
    .summary('how fast a model is here, and how to serve it')
    .description('Measure a model with different threads and batches, and print the "serve" line for the best.')
    .addArgument(new Argument('<model>', 'alias (t5, mit-b0), model folder or organisation/name[@revision]'))
    .addOption(new Option('--task <task>', 'of a name that stands for several models').choices(TaskSchema.options))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--seconds <count>', 'how long it may take').argParser(wholeNumber(1)).default(DEFAULT_SECONDS))
    .addOption(new Option('--json', 'one JSON object'))
    .addHelpText('after', EXAMPLES)
    .action((model: string, flags: Flags) => bench(model, flags, dependencies));
}

async function bench(model: string, flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal } = dependencies;
  const available = availableThreads();
  const subject = await readSubject(model, flags, dependencies);
  const results = await runTrials(subject, { available, flags, dependencies });
  const best = chooseBest(results)!;
  const serve = serveLine({ model, dtype: flags.dtype, available }, best);
  if (flags.json === true) {
    const { task, dtype } = subject;
    const rounded = results.map((result) => ({
      ...result,
      perSecond: round(result.perSecond),
      latencyMs: round(result.latencyMs),
    }));
    return terminal.writeResult(
      `${jsonLine(snakeCaseKeys({ model, task, dtype, results: rounded, best: toTrial(best), serve }))}\n`,
    );
  }
  if (terminal.stdout.isTTY !== true) return terminal.writeResult(formatTsv(results.map((result) => toRow(result))));
  return terminal.writeResult(formatForPeople(results, best, serve));
}

async function readSubject(model: string, flags: Flags, { createEngine, signal }: CommandDependencies): Promise<Subject> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { revision, dtype } = flags;
  const named = revision === undefined ? {} : { revision };
  const task = flags.task ?? (await engine.models.show(model, { signal, ...named })).task;
  if (task === null) throw new OnnxPredictError('INVALID_ARGUMENT', `What is ${model} for? Say it with --task.`);
  const [picture, text] = await Promise.all([
    readFile(new URL('ship.jpg', EXAMPLES_FOLDER)),
    readFile(new URL('lighthouse.txt', EXAMPLES_FOLDER), 'utf8'),
  ]);
  return { task, model, dtype, ...named, picture, text: text.trimEnd() };
}

/** At least one of them, however short the time. */
async function runTrials(
  subject: Subject,
  {
    available,
    flags,
    dependencies,
  }: { readonly available: number; readonly flags: Flags; readonly dependencies: CommandDependencies },
): Promise<readonly TrialResult[]> {
  const { terminal, signal, createEngine } = dependencies;
  const trials = planTrials(available);
  const progress = showRun(terminal, { total: trials.length, unit: 'trials', enabled: true });
  const results: TrialResult[] = [];
  let deadlineMs: number | undefined;
  let engine: Engine | undefined;
  let threads: number | undefined;
  try {
    for (const [i, trial] of trials.entries()) {
      if (deadlineMs !== undefined && performance.now() >= deadlineMs) break;
      if (engine === undefined || threads !== trial.threads) {
        await engine?.close();
        engine = await createEngine({ ...toEngineOptions(flags), numThreads: trial.threads }, { oneShot: false });
        threads = trial.threads;
        await load(engine, subject, dependencies);
        // A download is not what is measured.
        deadlineMs ??= performance.now() + flags.seconds * 1000;
      }
      const budgetMs = Math.max(0, deadlineMs! - performance.now()) / (trials.length - i);
      results.push(await runTrial(engine, subject, { trial, budgetMs, signal }));
      progress.advance(`${trial.threads} threads, batches of ${trial.batch}`);
    }
  } finally {
    progress.clear();
    await engine?.close();
  }
  if (results.length < trials.length) {
    terminal.writeDiagnostic(`there was time for ${results.length} of ${trials.length} trials; --seconds gives more`);
  }
  return results;
}

async function load(
  engine: Engine,
  { model, task, dtype, revision }: Subject,
  { terminal, signal }: CommandDependencies,
): Promise<void> {
  const downloads = showDownloads(terminal, readHubEnvironment().progressBars);
  const { onProgress } = downloads;
  const options = { task, dtype, signal, ...(revision === undefined ? {} : { revision }) };
  try {
    await engine.load(model, { ...options, ...(onProgress === undefined ? {} : { onProgress }) });
  } finally {
    downloads.stop();
  }
}

function toRow({ threads, batch, perSecond, latencyMs, numRuns }: TrialResult): string[] {
  return [String(threads), String(batch), perSecond.toFixed(2), latencyMs.toFixed(1), String(numRuns)];
}

function formatForPeople(results: readonly TrialResult[], best: TrialResult, serve: string): string {
  const rows = results.map((result) => [...toRow(result), result === best ? '← best' : '']);
  const table = formatTable([['THREADS', 'BATCH', 'PER SECOND', 'MS A BATCH', 'RUNS', ''], ...rows]);
  const batches = best.batch === 1 ? 'asked one at a time' : `asked by ${best.batch} clients at once, which it answers together`;
  return `${table}\nBest ${batches}:\n  ${serve}\n`;
}

const toTrial = ({ threads, batch }: TrialResult) => ({ threads, batch });

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
