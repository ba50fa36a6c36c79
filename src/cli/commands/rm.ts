import { createInterface } from 'node:readline/promises';
import { Argument, type Command, Option } from 'commander';
import { OnnxPredictError } from '../../errors.ts';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine, printable } from '../../printable-text.ts';
import type { RemovedModel } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, preparedDirOption, revisionOption, toEngineOptions } from '../hub-options.ts';
import { PerCallOption } from '../option-kinds.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends HubFlags {
  readonly revision?: string;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** Adds `rm` to the program. */
export function addRmCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('rm')
    .summary('remove a model from the cache')
    .description('Remove a model from the Hugging Face cache: all of its revisions, or the one that is named.')
    .addArgument(new Argument('<model>', 'alias (mit-b0) or organisation/name[@revision]'))
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(preparedDirOption())
    .addOption(new PerCallOption('-n, --dry-run', 'say what would be removed'))
    .addOption(new PerCallOption('-y, --yes', 'do not ask'))
    .addOption(new Option('--json', 'one JSON object'))
    .action((model: string, flags: Flags) => remove(model, flags, dependencies));
}

async function remove(model: string, flags: Flags, { terminal, createEngine, signal }: CommandDependencies): Promise<void> {
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const { revision, dryRun = false } = flags;
  const options = revision === undefined ? {} : { revision };
  let removed = await engine.models.remove(model, { ...options, dryRun: true });
  if (!dryRun) {
    if (flags.yes !== true && !(await confirm(removed, terminal, signal))) return;
    removed = await engine.models.remove(model, options);
  }
  await terminal.writeResult(flags.json === true ? `${jsonLine(snakeCaseKeys(removed))}\n` : `${describe(removed)}\n`);
}

function describe({ repository, revisions, freedBytes, dryRun }: RemovedModel): string {
  const what = `${repository} (${revisions.length} revision${revisions.length === 1 ? '' : 's'}, ${formatBytes(freedBytes)})`;
  return printable(dryRun ? `would remove ${what}` : `removed ${what}`);
}

/** Asks on stderr: stdout is for results. */
async function confirm(removed: RemovedModel, { stdin, stderr }: Terminal, signal: AbortSignal): Promise<boolean> {
  if (stdin.isTTY !== true) {
    throw new OnnxPredictError('INVALID_ARGUMENT', 'There is no terminal to ask on; add -y (--yes) to remove without asking.');
  }
  const question = `${describe({ ...removed, dryRun: true }).replace(/^would remove/, 'Remove')}? [y/N] `;
  const prompt = createInterface({ input: stdin, output: stderr });
  // The prompt takes the key for itself; it shall end the command as everywhere else.
  prompt.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await prompt.question(question, { signal })).trim());
  } finally {
    prompt.close();
  }
}
