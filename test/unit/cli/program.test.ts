import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { CommandDependencies } from '../../../src/cli/command-dependencies.ts';
import { settableOptions, variableOf } from '../../../src/cli/option-kinds.ts';
import { createProgram } from '../../../src/cli/program.ts';

const program = await createProgram({} as CommandDependencies, []);
const commands = [program, ...program.commands.flatMap((command) => [command, ...command.commands])];

/** All of a command's help, on a terminal of 80 columns. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}

test.each(commands.map((command) => [command.name(), command] as const))(
  'the help of %s is no wider than 80 columns',
  (_, command) => {
    expect(
      helpOf(command)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([]);
  },
);

test('the help of every command names the variable of every option', () => {
  for (const command of commands.slice(1)) {
    const help = helpOf(command).replace(/\s+/g, ' ');
    for (const option of settableOptions(command)) expect(help).toContain(`[${variableOf(option)}]`);
  }
});

test('no option has the name of a command, so that the configuration file can tell them apart', () => {
  const names = new Set(program.commands.map((command) => command.name()));
  const options = commands.flatMap((command) => settableOptions(command).map((option) => option.name()));
  expect(options.filter((name) => names.has(name))).toEqual([]);
});
