import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import { reportError } from '../../errors.ts';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine, printable } from '../../printable-text.ts';
import { type Dtype, type PreparationResult, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { showDownloads } from '../download-progress.ts';
import { EXIT, EXIT_STATUS } from '../exit-status.ts';
import {
  cacheDirOption,
  type HubFlags,
  offlineOption,
  preparedDirOption,
  revisionOption,
  toEngineOptions,
} from '../hub-options.ts';
import { dtypeOption } from '../model-options.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly task?: Task;
  readonly dtype: Dtype;
  readonly revision?: string;
  readonly force?: true;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict prepare t5                faster graphs, for this machine
  onnx-predict prepare t5 --dtype q8     of the fp32 files, if they are there
  onnx-predict prepare t5 bart --force   anew

It is done by itself before a model is first loaded; this does it ahead, and
says why it cannot be done. In a pipe: model, revision, dtype, bytes, folder,
between tabs. Exit status: 0 all are prepared; 1 one could not be; 2 wrong
usage; 4 a model cannot be had.`;

/** Adds `prepare` to the program. */
export function addPrepareCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('prepare')
    .summary('make a model faster on this machine')
    .description('Make graphs of a model that run faster on this machine, and keep them.')
    .addArgument(new Argument('<model...>', 'alias (t5, mit-b0), model folder or organisation/name[@revision]'))
    .addOption(new Option('--task <task>', 'of a name that stands for several models').choices(TaskSchema.options))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(offlineOption())
    .addOption(new Option('-f, --force', 'also what is prepared already'))
    .addOption(new Option('--json', 'one JSON object per line'))
    .addHelpText('after', EXAMPLES)
    .action((models: string[], flags: Flags) => prepare(models, flags, dependencies));
}

async function prepare(models: readonly string[], flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, createEngine, signal, setExitStatus } = dependencies;
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { task, dtype, revision, force = false } = flags;
  for (const model of models) {
    const progress = showDownloads(terminal, readHubEnvironment().progressBars);
    // Why it failed is the error of this command.
    const onProgress: typeof progress.onProgress = (event) =>
      progress.onProgress?.(event.type === 'preparing' ? { ...event, failure: null } : event);
    try {
      const options = { dtype, force, signal, onProgress, ...(task && { task }), ...(revision !== undefined && { revision }) };
      const result = await engine.prepare(model, options);
      progress.stop();
      await terminal.writeResult(formatPrepared(result, flags, terminal.stdout.isTTY === true));
    } catch (error) {
      progress.stop();
      signal.throwIfAborted();
      const report = reportError(error);
      if (EXIT_STATUS[report.code] !== EXIT.inputFailed) throw error;
      terminal.writeDiagnostic(printable(report.message));
      if (flags.json === true) await terminal.writeResult(`${jsonLine({ model, error: report })}\n`);
      setExitStatus(EXIT.inputFailed);
    }
  }
}

function formatPrepared(result: PreparationResult, { json }: Flags, forPeople: boolean): string {
  const { model, folder, sizeBytes, optimized, quantized, made, prepareMs } = result;
  if (json === true) return `${jsonLine(snakeCaseKeys(result))}\n`;
  if (!forPeople) return formatTsv([[model.id, model.revision ?? '-', model.dtype, String(sizeBytes), folder]]);
  const done = made ? `prepared in ${Math.round(prepareMs / 1000)} s` : 'was prepared already';
  return `${printable(model.id)}: ${done}\n${formatTable([
    ['  dtype', quantized ? `${model.dtype}, made of fp32` : model.dtype],
    ['  size', `${formatBytes(sizeBytes)} beside the model’s own files`],
    ['  graphs', optimized ? 'rewritten, and as ONNX Runtime optimises them here' : 'rewritten'],
    ['  folder', folder],
  ])}`;
}
