import { Argument, type Command } from 'commander';
import { OnnxPredictError } from '../../errors.ts';
import { printable } from '../../printable-text.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { PerCallOption } from '../option-kinds.ts';
import { listServerModels, unloadServerModel } from '../remote/server-models.ts';
import { addServerOptions, openServer, type ServerFlags } from '../server-options.ts';

interface Flags extends ServerFlags {
  readonly all?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict stop t5
  onnx-predict stop --all

The server goes on: what a model works on is answered first, and its next
request loads it again. Exit status: 0; 2 wrong usage, or a key is needed; 4 the
server cannot be reached, or offers no such model.`;

/** Adds `stop` to the program. */
export function addStopCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('stop')
    .summary('unload a model of a running server')
    .description('Unload a model of a running server from memory, or all of them.')
    .addArgument(new Argument('[model]', 'its name, as ps shows it'));
  addServerOptions(command)
    .addOption(new PerCallOption('--all', 'all that are in memory'))
    .addHelpText('after', EXAMPLES)
    .action((model: string | undefined, flags: Flags) => stop(model, flags, dependencies));
}

async function stop(model: string | undefined, flags: Flags, { terminal, signal }: CommandDependencies): Promise<void> {
  if ((model === undefined) === (flags.all !== true)) {
    throw new OnnxPredictError('INVALID_ARGUMENT', 'Which model? Name one, or say --all.');
  }
  const server = await openServer(flags);
  const names = model === undefined ? await loadedModels() : [model];
  for (const name of names) {
    await unloadServerModel(server, name, signal);
    await terminal.writeResult(`unloaded ${printable(name)}\n`);
  }

  async function loadedModels(): Promise<readonly string[]> {
    const models = await listServerModels(server, signal);
    return [...new Set(models.filter(({ memoryBytes }) => memoryBytes !== null).map(({ name }) => name))];
  }
}
