import { Argument, type Command, Option } from 'commander';
import { formatBytes } from '../../format-bytes.ts';
import type { ShownModel } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, offlineOption, revisionOption, toEngineOptions } from '../hub-options.ts';
import { jsonLine } from '../terminal-text.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
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
    .addArgument(new Argument('<model>', 'alias (mit-b0, tiny), model folder or organisation/name[@revision]'))
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--json', 'one JSON object'))
    .addHelpText('after', '\nIn a pipe: dtype, bytes and whether it is on the disk (yes, no), between tabs, one line per dtype.')
    .action((model: string, flags: Flags) => show(model, flags, dependencies));
}

async function show(model: string, flags: Flags, { terminal, createEngine, signal }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { revision } = flags;
  const shown = await engine.models.show(model, { signal, ...(revision === undefined ? {} : { revision }) });
  if (flags.json === true) await terminal.writeResult(`${jsonLine(snakeCaseKeys(shown))}\n`);
  else if (terminal.stdout.isTTY === true) await terminal.writeResult(formatForPeople(shown));
  else
    await terminal.writeResult(
      formatTsv(shown.variants.map((each) => [each.dtype, String(each.sizeBytes), each.onDisk ? 'yes' : 'no'])),
    );
}

function formatForPeople({ id, repository, revision, source, folder, variants, licence, upstream }: ShownModel): string {
  const about = [
    ...(repository === null ? [] : [['  repository', repository]]),
    ...(revision === null ? [] : [['  revision', revision]]),
    ['  licence', licence ?? 'not stated'],
    ...(upstream === null ? [] : [['  converted from', upstream]]),
    ['  folder', folder ?? 'not downloaded'],
  ];
  const sizes = variants.map(({ dtype, sizeBytes, onDisk }) => [
    `  ${dtype}`,
    formatBytes(sizeBytes),
    onDisk ? 'on the disk' : '',
  ]);
  return `${formatTable([[id]])}${formatTable(about)}\nSizes (${SOURCES[source]}):\n${formatTable(sizes)}`;
}
