import { type Command, Option } from 'commander';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine, printable } from '../../printable-text.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, preparedDirOption, toEngineOptions } from '../hub-options.ts';
import { PerCallOption } from '../option-kinds.ts';

interface Flags extends HubFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

/** Adds `prune` to the program. */
export function addPruneCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('prune')
    .summary('remove what is of no use any more')
    .description(
      'Remove what interrupted downloads left, and prepared models that would not be used again. What is being written is kept.',
    )
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(new PerCallOption('-n, --dry-run', 'say what would be removed'))
    .addOption(new Option('--json', 'one JSON object'))
    .action((flags: Flags) => prune(flags, dependencies));
}

async function prune(flags: Flags, { terminal, createEngine }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { dryRun = false } = flags;
  const pruned = await engine.models.prune({ dryRun });
  if (flags.json === true) return await terminal.writeResult(`${jsonLine(snakeCaseKeys(pruned))}\n`);
  const verb = dryRun ? 'would remove' : 'removed';
  const lines = [
    ...pruned.removed.map(({ path, sizeBytes }) => `${verb} ${printable(path)} (${formatBytes(sizeBytes)})\n`),
    ...pruned.kept.map(({ path }) => `kept ${printable(path)}: it is being written\n`),
    pruned.removed.length === 0 ? 'nothing to remove\n' : `${verb} ${formatBytes(pruned.freedBytes)}\n`,
  ];
  await terminal.writeResult(lines.join(''));
}
