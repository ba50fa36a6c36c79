import { type Command, Option } from 'commander';
import { formatBytes } from '../../format-bytes.ts';
import { jsonLine } from '../../printable-text.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { listServerModels, type ServerModel } from '../remote/server-models.ts';
import { addServerOptions, openServer, type ServerFlags } from '../server-options.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends ServerFlags {
  readonly json?: true;
}

const EXAMPLES = `
The server is http://127.0.0.1:8000 unless --server says otherwise. In a pipe:
name, task, dtype, state, requests that wait, that are worked on, and bytes of
memory, between tabs. Exit status: 0; 2 wrong usage, or a key is needed; 4 the
server cannot be reached.`;

/** Adds `ps` to the program. */
export function addPsCommand(program: Command, { terminal, signal }: CommandDependencies): void {
  const command = program
    .command('ps')
    .summary('models that a running server has in use')
    .description('The models that a running server has in use: their state, queue and memory.');
  addServerOptions(command)
    .addOption(new Option('--json', 'one JSON object per line'))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => {
      const models = await listServerModels(await openServer(flags), signal);
      if (flags.json === true) return terminal.writeResult(models.map((model) => `${jsonLine(snakeCaseKeys(model))}\n`).join(''));
      return terminal.writeResult(terminal.stdout.isTTY === true ? formatForPeople(models) : formatTsv(models.map(toRow)));
    });
}

function toRow({ name, task, model, state, numQueued, numActive, memoryBytes }: ServerModel): string[] {
  return [name, task, model.dtype, state, String(numQueued), String(numActive), memoryBytes === null ? '-' : String(memoryBytes)];
}

function formatForPeople(models: readonly ServerModel[]): string {
  if (models.length === 0) return 'No model was asked for yet.\n';
  const rows = models.map((model) => {
    const row = toRow(model);
    return [...row.slice(0, -1), model.memoryBytes === null ? '-' : formatBytes(model.memoryBytes)];
  });
  return formatTable([['MODEL', 'TASK', 'DTYPE', 'STATE', 'WAITING', 'WORKING', 'MEMORY'], ...rows]);
}
