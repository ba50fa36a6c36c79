import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import { OnnxPredictError } from '../../errors.ts';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine } from '../../printable-text.ts';
import { type Dtype, type PullResult, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { showDownloads } from '../download-progress.ts';
import { chooseEntries, refuseDifferences } from '../frozen-models.ts';
import {
  cacheDirOption,
  type HubFlags,
  noPrepareOption,
  offlineOption,
  preparedDirOption,
  revisionOption,
  toEngineOptions,
} from '../hub-options.ts';
import { DEFAULT_LOCK_FILE, type LockEntry, lockModel, readLockFile } from '../lock-file.ts';
import { dtypeOption } from '../model-options.ts';
import { PerCallOption } from '../option-kinds.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly task?: Task;
  readonly dtype: Dtype;
  readonly revision?: string;
  /** True: the usual file. */
  readonly lock?: string | true;
  readonly frozen?: string | true;
  readonly json?: true;
  readonly quiet?: true;
}

const EXAMPLES = `
Examples:
  into the Hugging Face cache, where Python finds it too:
    onnx-predict pull mit-b0
  smaller, and not quite as exact:
    onnx-predict pull mit-b0 --dtype q8
  any repository, at a revision, or from a mirror:
    onnx-predict pull Xenova/segformer-b0-finetuned-ade-512-512@main
    HF_ENDPOINT=https://mirror.example onnx-predict pull mit-b0
  and note its commit and hashes in models.lock, to hold other machines to them:
    onnx-predict pull t5 --lock
    onnx-predict pull --frozen

An interrupted download goes on where it was. In a pipe: repository, revision,
dtype, bytes, bytes downloaded, folder, between tabs.
Exit status: 0 it is there; 2 wrong usage; 4 it cannot be had, or is not what
the lock file says.`;

/** Adds `pull` to the program. */
export function addPullCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('pull')
    .summary('fetch a model from the Hugging Face Hub')
    .description('Fetch a model from the Hugging Face Hub, or what has changed of it.')
    .addArgument(new Argument('[model]', 'alias (t5, mit-b0) or organisation/name[@revision]'))
    .addOption(new Option('--task <task>', 'what it is for (default: what it has files for)').choices(TaskSchema.options))
    .addOption(dtypeOption())
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(noPrepareOption())
    .addOption(offlineOption())
    .addOption(new PerCallOption('--lock [file]', 'write what it is into a lock file (default: models.lock)').conflicts('frozen'))
    .addOption(
      new PerCallOption('--frozen [file]', 'fetch what a lock file says, and refuse anything else; without a model: all'),
    )
    .addOption(new Option('--json', 'one JSON object').conflicts('quiet'))
    .addOption(new Option('-q, --quiet', 'the bare folder, and no progress'))
    .addHelpText('after', EXAMPLES)
    .action((model: string | undefined, flags: Flags) => {
      const dtypeGiven = command.getOptionValueSource('dtype') === 'cli';
      return pull(model, { flags, dtypeGiven, dependencies });
    });
}

async function pull(
  model: string | undefined,
  {
    flags,
    dtypeGiven,
    dependencies,
  }: { readonly flags: Flags; readonly dtypeGiven: boolean; readonly dependencies: CommandDependencies },
): Promise<void> {
  const { dtype, revision } = flags;
  const lockPath = toLockPath(flags.frozen ?? flags.lock);
  if (flags.frozen === undefined) {
    if (model === undefined)
      throw new OnnxPredictError('INVALID_ARGUMENT', 'Which model? Name it, or say --frozen for all of a lock file.');
    return pullOne(model, { flags, dependencies, dtype, ...(lockPath === undefined ? {} : { lockPath }) });
  }
  const { models } = await readLockFile(lockPath!);
  for (const entry of chooseEntries(models, lockPath!, { model, dtype: dtypeGiven ? dtype : undefined, revision })) {
    await pullOne(entry.name, { flags, dependencies, dtype: entry.dtype, entry, lockPath: lockPath! });
  }
}

/** Without a name it is the usual one. */
function toLockPath(given: string | true | undefined): string | undefined {
  return given === true ? DEFAULT_LOCK_FILE : given;
}

interface OnePull {
  readonly flags: Flags;
  readonly dependencies: CommandDependencies;
  readonly dtype: Dtype;
  readonly lockPath?: string;
  /** What it has to be. */
  readonly entry?: LockEntry;
}

async function pullOne(model: string, { flags, dependencies, dtype, lockPath, entry }: OnePull): Promise<void> {
  const { terminal, createEngine, signal } = dependencies;
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const progress = showDownloads(terminal, readHubEnvironment().progressBars && flags.quiet !== true);
  const task = entry?.task ?? flags.task;
  const revision = entry?.revision ?? flags.revision;
  // What a name stands for may have changed since it was locked: what was locked decides.
  const name = entry?.repository ?? model;
  try {
    const options = { dtype, signal, ...(task === undefined ? {} : { task }), ...(revision === undefined ? {} : { revision }) };
    const { onProgress } = progress;
    const result = await engine.pull(name, { ...options, ...(onProgress === undefined ? {} : { onProgress }) });
    progress.stop();
    if (lockPath !== undefined) {
      const found = await engine.models.lock(name, options);
      if (entry === undefined) await lockModel(lockPath, { name: model, ...found });
      else {
        refuseDifferences(entry, found, lockPath);
        await engine.models.pin(entry);
      }
    }
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
