import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine } from '../../printable-text.ts';
import { type Dtype, type PullResult, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { showDownloads } from '../download-progress.ts';
import {
  cacheDirOption,
  type HubFlags,
  noPrepareOption,
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
  readonly json?: true;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict pull mit-b0                            into the Hugging Face cache, where Python finds it too
  onnx-predict pull mit-b0 --dtype q8                 smaller, and not quite as exact
  onnx-predict pull Xenova/segformer-b0-finetuned-ade-512-512@main
  HF_ENDPOINT=https://mirror.example onnx-predict pull mit-b0

An interrupted download goes on where it was. In a pipe: repository, revision, dtype, bytes, bytes downloaded, folder, between tabs.
Exit status: 0 it is there; 2 wrong usage; 4 it cannot be had.`;

/** Adds `pull` to the program. */
export function addPullCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('pull')
    .summary('fetch a model from the Hugging Face Hub')
    .description('Fetch a model from the Hugging Face Hub, or what has changed of it.')
    .addArgument(new Argument('<model>', 'alias (t5, mit-b0) or organisation/name[@revision]'))
    .addOption(new Option('--task <task>', 'what it is for (default: what it has files for)').choices(TaskSchema.options))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(noPrepareOption())
    .addOption(offlineOption())
    .addOption(new Option('--json', 'one JSON object').conflicts('quiet'))
    .addOption(new Option('-q, --quiet', 'the bare folder, and no progress'))
    .addHelpText('after', EXAMPLES)
    .action((model: string, flags: Flags) => pull(model, flags, dependencies));
}

async function pull(model: string, flags: Flags, { terminal, createEngine, signal }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const progress = showDownloads(terminal, readHubEnvironment().progressBars && flags.quiet !== true);
  const { task, dtype, revision } = flags;
  try {
    const options = {
      dtype,
      signal,
      ...(task === undefined ? {} : { task }),
      ...(revision === undefined ? {} : { revision }),
    };
    const { onProgress } = progress;
    const result = await engine.pull(model, { ...options, ...(onProgress === undefined ? {} : { onProgress }) });
    progress.stop();
    await terminal.writeResult(formatPulled(result, flags, terminal.stdout.isTTY === true));
  } finally {
    progress.stop();
  }
}

function formatPulled(result: PullResult, { json, quiet }: Flags, forPeople: boolean): string {
  const { model, files, totalBytes, downloadedBytes, folder, licence, upstream } = result;
  if (json === true) return `${jsonLine(snakeCaseKeys(result))}\n`;
  if (quiet === true) return formatTsv([[folder]]);
  if (!forPeople) {
    return formatTsv([[model.id, model.revision ?? '-', model.dtype, String(totalBytes), String(downloadedBytes), folder]]);
  }
  const done = downloadedBytes === 0 ? 'was there already' : `${formatBytes(downloadedBytes)} downloaded`;
  return `${model.id} is ready: ${done}\n${formatTable([
    ['  dtype', model.dtype],
    ['  size', `${formatBytes(totalBytes)} in ${files.length} files`],
    ...(model.revision === null ? [] : [['  revision', model.revision]]),
    ...(licence === null ? [] : [['  licence', licence]]),
    ...(upstream === null ? [] : [['  converted from', upstream]]),
    ['  folder', folder],
  ])}`;
}
