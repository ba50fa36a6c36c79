import { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { wholeNumber } from '../../../src/cli/option-values.ts';
import { addOptionVariables } from '../../../src/cli/option-variables.ts';

const negated = (args: readonly string[], variables: Readonly<Record<string, string>>) =>
  parse(new Command('serve').addOption(new Option('--no-prepare', 'as they are')), args, variables);

/** The options that a command is given by arguments and variables. */
function options(args: readonly string[], variables: Readonly<Record<string, string>>): unknown {
  const command = new Command('serve')
    .addOption(new Option('--max-queue <cost>', 'room').argParser(wholeNumber(1)).default(64))
    .addOption(new Option('--dtype <dtype>', 'format').choices(['fp32', 'q8']))
    .addOption(new Option('--origin <origin>', 'site').argParser((text: string, all: string[] = []) => [...all, text]))
    .addOption(new Option('--log-file <path>', 'file'))
    .addOption(new Option('--insecure', 'open'));
  return parse(command, args, variables);
}

function parse(command: Command, args: readonly string[], variables: Readonly<Record<string, string>>): unknown {
  let given: unknown;
  let output = '';
  command
    .exitOverride()
    .configureOutput({
      writeErr: (text) => {
        output += text;
      },
    })
    .action((flags: unknown) => {
      given = flags;
    });
  addOptionVariables(command, new Map(Object.entries(variables)), new Set(['origin']));
  try {
    command.parse(args, { from: 'user' });
  } catch {
    throw new Error(output);
  }
  return given;
}

describe('an option of a command', () => {
  test('comes from its variable', () => {
    expect(options([], { MAX_QUEUE: '5', DTYPE: 'q8', LOG_FILE: 'app.log', INSECURE: 'yes' })).toEqual({
      maxQueue: 5,
      dtype: 'q8',
      logFile: 'app.log',
      insecure: true,
    });
  });

  test('comes from its flag where both are given, and from its default where neither is', () => {
    expect(options(['--max-queue', '7'], { MAX_QUEUE: '5' })).toEqual({ maxQueue: 7 });
    expect(options([], { QUEUE: '5' })).toEqual({ maxQueue: 64 });
  });

  test('that may be given several times is separated by commas in its variable', () => {
    expect(options([], { ORIGIN: 'a, b' })).toMatchObject({ origin: ['a', 'b'] });
    expect(options(['--origin', 'c'], { ORIGIN: 'a,b' })).toMatchObject({ origin: ['c'] });
  });

  test.each(['0', 'false', 'NO', 'off'])('that is a switch is off at %s', (text) => {
    expect(options([], { INSECURE: text })).not.toHaveProperty('insecure', true);
  });

  test.each([
    ['never', false],
    ['0', false],
    ['auto', true],
    ['1', true],
  ])('that is a flag for "no" is what its variable says: %s', (text, prepare) => {
    expect(negated([], { PREPARE: text })).toEqual({ prepare });
    expect(negated(['--no-prepare'], { PREPARE: text })).toEqual({ prepare: false });
    expect(() => negated([], { PREPARE: 'sometimes' })).toThrow('auto or never');
  });

  test.each([
    ['MAX_QUEUE', 'many', '--max-queue <cost>'],
    ['DTYPE', 'fp8', '--dtype <dtype>'],
    ['INSECURE', 'maybe', '--insecure'],
  ])('whose variable %s is wrong is refused by both names', (name, value, flags) => {
    expect(() => options([], { [name]: value })).toThrow(
      `environment variable 'ONNX_PREDICT_${name}' value '${value}' is invalid for option '${flags}'`,
    );
  });
});
