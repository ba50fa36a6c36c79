import { Argument, type Command, Option } from 'commander';
import type { Engine } from '../../engine.ts';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine } from '../../printable-text.ts';
import { type ShownModel, type Task, TaskSchema } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import {
  cacheDirOption,
  type HubFlags,
  offlineOption,
  preparedDirOption,
  revisionOption,
  toEngineOptions,
} from '../hub-options.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly task?: Task;
  readonly revision?: string;
  readonly json?: true;
}

const SOURCES: Readonly<Record<ShownModel['source'], string>> = {
  hub: 'from the Hub',
  cache: 'from the cache; the Hub was not asked',
  disk: 'from the disk',
  registry: 'about right; the Hub was not asked',
};

/** Adds `show` to the program. */
export function addShowCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('show')
    .summary('size, licence and variants of a model')
    .description('What a model is: licence, origin, and its size in each dtype, before it is downloaded.')
    .addArgument(new Argument('<model>', 'alias (t5, mit-b0), model folder or organisation/name[@revision]'))
    .addOption(new Option('--task <task>', 'of a name that stands for several models').choices(TaskSchema.options))
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--json', 'one JSON object'))
    .addHelpText(
      'after',
      '\nIn a pipe: dtype, bytes, whether it is on the disk (yes, no) and the task,\nbetween tabs, one line per dtype.',
    )
    .action((model: string, flags: Flags) => show(model, flags, dependencies));
}

async function show(model: string, flags: Flags, { terminal, createEngine, signal }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { revision } = flags;
  const format =
    flags.json === true
      ? (shown: ShownModel) => `${jsonLine(snakeCaseKeys(shown))}\n`
      : terminal.stdout.isTTY === true
        ? formatForPeople
        : formatForPipes;
  for (const task of flags.task === undefined ? await tasksOf(model, engine) : [flags.task]) {
    const options = { signal, ...(task === undefined ? {} : { task }), ...(revision === undefined ? {} : { revision }) };
    await terminal.writeResult(format(await engine.models.show(model, options)));
  }
}

/** What a name stands for: `tiny` for a model of each task. Undefined leaves it to the model. */
async function tasksOf(model: string, engine: Engine): Promise<readonly (Task | undefined)[]> {
  if (/[^\w-]/.test(model)) return [undefined];
  const builtin = (await engine.models.list()).filter(({ id, repository }) => id === model && repository === null);
  return builtin.length > 1 ? builtin.map(({ task }) => task ?? undefined) : [undefined];
}

function formatForPipes({ variants, task }: ShownModel): string {
  return formatTsv(variants.map((each) => [each.dtype, String(each.sizeBytes), each.onDisk ? 'yes' : 'no', task ?? '-']));
}

function formatForPeople(shown: ShownModel): string {
  const { id, task, repository, revision, source, folder, variants, licence, upstream, prepared = [] } = shown;
  const about = [
    ['  task', task ?? 'none that is known here'],
    ...(repository === null ? [] : [['  repository', repository]]),
    ...(revision === null ? [] : [['  revision', revision]]),
    ['  licence', licence ?? 'not stated'],
    ...(upstream === null ? [] : [['  converted from', upstream]]),
    ['  folder', folder ?? 'not downloaded'],
  ];
  const sizes = variants.map(({ dtype, sizeBytes, onDisk }) => [
    `  ${dtype}`,
    formatBytes(sizeBytes),
    [...(onDisk ? ['on the disk'] : []), ...(prepared.includes(dtype) ? ['prepared'] : [])].join(', '),
  ]);
  return `${formatTable([[id]])}${formatTable(about)}\nSizes (${SOURCES[source]}):\n${formatTable(sizes)}`;
}
