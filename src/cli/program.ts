import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { CommandDependencies } from './command-dependencies.ts';
import { addClassifyCommand } from './commands/classify.ts';
import { addListCommand } from './commands/list.ts';
import { addPruneCommand } from './commands/prune.ts';
import { addPullCommand } from './commands/pull.ts';
import { addRmCommand } from './commands/rm.ts';
import { addShowCommand } from './commands/show.ts';
import { addSummarizeCommand } from './commands/summarize.ts';
import { addTokenizeCommand } from './commands/tokenize.ts';
import { addVerifyCommand } from './commands/verify.ts';

/** The command line, without the process: it throws where commander would exit. */
export function createProgram(dependencies: CommandDependencies): Command {
  const program = new Command('onnx-predict')
    .description('Name what is in pictures and summarize texts, on your own machine.')
    .version(packageVersion(), '-V, --version')
    .helpCommand(true)
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  const commands = [
    addClassifyCommand,
    addSummarizeCommand,
    addTokenizeCommand,
    addPullCommand,
    addListCommand,
    addShowCommand,
    addVerifyCommand,
    addPruneCommand,
    addRmCommand,
  ];
  for (const addCommand of commands) addCommand(program, dependencies);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
