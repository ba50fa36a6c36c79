import { Argument, type Command, Option } from 'commander';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, toEngineOptions } from '../hub-options.ts';
import { formatArchived } from './export.ts';

interface Flags extends HubFlags {
  readonly json?: true;
}

const EXAMPLES = `
Every file is compared with its hash before it gets a name in the cache; links,
folders and names of other files are refused. In a pipe: repository, revision,
dtype, files, bytes, between tabs.
Exit status: 0 the models can be used; 1 no such file; 4 it is damaged, or the
cache cannot be written.`;

/** Adds `import` to the program. */
export function addImportCommand(program: Command, { terminal, createEngine, signal }: CommandDependencies): void {
  program
    .command('import')
    .summary('models from a file that "export" wrote')
    .description('Put the models of a file that "export" wrote into the Hugging Face cache.')
    .addArgument(new Argument('<file>', 'the file, models.tar say'))
    .addOption(cacheDirOption())
    .addOption(new Option('--json', 'one JSON object per model and line'))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: Flags) => {
      await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
      const models = await engine.models.import(file, { signal });
      await terminal.writeResult(formatArchived(models, flags.json === true, terminal.stdout.isTTY === true));
    });
}
