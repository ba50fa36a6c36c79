import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addClassifyCommand, type ClassifyDependencies } from './commands/classify.ts';

/** What the commands need of the process around them. */
export type ProgramDependencies = ClassifyDependencies;

/** The command line, without the process: it throws where commander would exit. */
export function createProgram(dependencies: ProgramDependencies): Command {
  const program = new Command('onnx-predict')
    .description('Run trained vision models on your own machine.')
    .version(packageVersion(), '-V, --version')
    .helpCommand(true)
    .showHelpAfterError('(add --help for usage and examples)')
    .exitOverride();
  addClassifyCommand(program, dependencies);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
