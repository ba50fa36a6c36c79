import { stat } from 'node:fs/promises';
import { Argument, type Command, Option } from 'commander';
import { formatBytes } from '../../format-bytes.ts';
import type { LockedModel } from '../../locked-model.ts';
import { jsonLine } from '../../printable-text.ts';
import { type Dtype, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, revisionOption, toEngineOptions } from '../hub-options.ts';
import { dtypeOption } from '../model-options.ts';
import { PerCallOption } from '../option-kinds.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly to: string;
  readonly task?: Task;
  readonly dtype: Dtype;
  readonly revision?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict pull t5 && onnx-predict export t5 --to models.tar
  onnx-predict import models.tar          on the machine without a connection

What is in the cache is written, and nothing is fetched. In a pipe: repository,
revision, dtype, files, bytes, between tabs.
Exit status: 0; 2 wrong usage; 4 a model is not whole in the cache.`;

/** Adds `export` to the program. */
export function addExportCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('export')
    .summary('models into a file, for a machine without a connection')
    .description('Write models of the cache into a file, for a machine without a connection.')
    .addArgument(new Argument('<model...>', 'alias (t5, mit-b0) or organisation/name[@revision]'))
    .addOption(new PerCallOption('--to <file>', 'the file, models.tar say').makeOptionMandatory())
    .addOption(new Option('--task <task>', 'what they are for (default: what they have files for)').choices(TaskSchema.options))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(new Option('--json', 'one JSON object per model and line'))
    .addHelpText('after', EXAMPLES)
    .action((models: string[], flags: Flags) => exportModels(models, flags, dependencies));
}

async function exportModels(names: readonly string[], flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, createEngine, signal } = dependencies;
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { task, dtype, revision, to } = flags;
  const options = { dtype, signal, ...(task === undefined ? {} : { task }), ...(revision === undefined ? {} : { revision }) };
  const models = await engine.models.export(names, to, options);
  await terminal.writeResult(formatArchived(models, flags.json === true, terminal.stdout.isTTY === true));
  terminal.writeDiagnostic(`${to} has ${formatBytes((await stat(to)).size)}`);
}

/** Models that went into an archive, or came out of it. */
export function formatArchived(models: readonly LockedModel[], json: boolean, forPeople: boolean): string {
  if (json) return models.map((model) => `${jsonLine(snakeCaseKeys(model))}\n`).join('');
  const rows = models.map(({ repository, revision, dtype, files }) => {
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    return forPeople
      ? [`${repository}@${revision.slice(0, 7)}`, dtype, `${files.length} files`, formatBytes(sizeBytes)]
      : [repository, revision, dtype, String(files.length), String(sizeBytes)];
  });
  return forPeople ? formatTable(rows) : formatTsv(rows);
}
