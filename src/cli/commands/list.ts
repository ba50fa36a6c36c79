import { type Command, Option } from 'commander';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine } from '../../printable-text.ts';
import type { ListedModel } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, preparedDirOption, toEngineOptions } from '../hub-options.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly json?: true;
}

/** Adds `list` to the program. */
export function addListCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('list')
    .alias('ls')
    .summary('models on this machine')
    .description('The models with an alias, and those with ONNX files in the Hugging Face cache.')
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(new Option('--json', 'one JSON object per line'))
    .addHelpText('after', '\nIn a pipe: model, repository, revision, dtypes, bytes, task, between tabs.')
    .action((flags: Flags) => list(flags, dependencies));
}

async function list(flags: Flags, { terminal, createEngine }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const models = await engine.models.list();
  if (flags.json === true) await terminal.writeResult(models.map((model) => `${jsonLine(snakeCaseKeys(model))}\n`).join(''));
  else if (terminal.stdout.isTTY === true) await terminal.writeResult(formatForPeople(models));
  else await terminal.writeResult(formatTsv(models.map(toRow)));
}

function toRow({ id, task, repository, revision, dtypes, sizeBytes }: ListedModel): string[] {
  return [id, repository ?? '-', revision ?? '-', dtypes.join(',') || '-', String(sizeBytes), task ?? '-'];
}

function formatForPeople(models: readonly ListedModel[]): string {
  const rows = models.map(({ id, task, repository, revision, refs, dtypes, sizeBytes, partialBytes, prepared = [] }) => [
    id,
    task ?? '-',
    repository ?? 'built in',
    revision === null ? '' : `${revision.slice(0, 7)}${refs.length === 0 ? '' : ` (${refs.join(', ')})`}`,
    dtypes.map((dtype) => (prepared.includes(dtype) ? `${dtype} (prepared)` : dtype)).join(', '),
    `${sizeBytes === 0 ? 'not downloaded' : formatBytes(sizeBytes)}${partialBytes === 0 ? '' : `, ${formatBytes(partialBytes)} in part`}`,
  ]);
  return formatTable([['MODEL', 'TASK', 'REPOSITORY', 'REVISION', 'DTYPES', 'SIZE'], ...rows]);
}
