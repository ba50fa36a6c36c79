import { Command, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import type { ConfigFile } from '../../../src/cli/config-file.ts';
import { ListOption, PerCallOption } from '../../../src/cli/option-kinds.ts';
import { applySettings, describeVariables } from '../../../src/cli/option-settings.ts';
import { wholeNumber } from '../../../src/cli/option-values.ts';

const PATH = '/etc/onnx-predict/config.json';

function file(global: object, serve: object = {}): ConfigFile {
  return {
    path: PATH,
    found: true,
    global: new Map(Object.entries(global)),
    sections: new Map([['serve', new Map(Object.entries(serve))]]),
  };
}

function serveCommand(): Command {
  return new Command('serve')
    .exitOverride()
    .addOption(new Option('--max-queue <cost>', 'room').argParser(wholeNumber(1)).default(64))
    .addOption(new Option('--dtype <dtype>', 'format').choices(['fp32', 'q8']))
    .addOption(new ListOption('--origin <origin>', 'site').argParser((text: string, all: string[] = []) => [...all, text]))
    .addOption(new Option('--log-file <path>', 'file'))
    .addOption(new Option('--insecure', 'open'))
    .addOption(new Option('--json', 'objects').conflicts('quiet'))
    .addOption(new Option('--quiet', 'less'))
    .addOption(new Option('--no-repeat-ngram <size>', 'size').argParser(wholeNumber(0)))
    .addOption(new Option('--no-prepare', 'as it is'))
    .addOption(new PerCallOption('--yes', 'do not ask'));
}

interface Sources {
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly config?: ConfigFile;
}

/** The options that a command is given by arguments, variables and the file, but for those that are not set. */
function options({ args = [], variables = {}, config = file({}) }: Sources): Record<string, unknown> {
  let given: Record<string, unknown> = {};
  const command = serveCommand().action((flags: Record<string, unknown>) => {
    given = flags;
  });
  command.hook('preAction', () => applySettings(command, { variables: new Map(Object.entries(variables)), file: config }));
  command.parse(args, { from: 'user' });
  return given;
}

describe('an option of a command', () => {
  test('comes from its variable', () => {
    const variables = {
      MAX_QUEUE: '5',
      DTYPE: 'q8',
      LOG_FILE: 'app.log',
      INSECURE: 'yes',
      NO_REPEAT_NGRAM: '3',
      PREPARE: 'never',
    };
    expect(options({ variables })).toMatchObject({
      maxQueue: 5,
      dtype: 'q8',
      logFile: 'app.log',
      insecure: true,
      repeatNgram: 3,
      prepare: false,
    });
  });

  test('comes from the file, and a path there is relative to it', () => {
    const config = file(
      { dtype: 'q8', insecure: true },
      { 'max-queue': 5, 'log-file': 'app.log', origin: ['a', 'b'], 'no-repeat-ngram': 3, prepare: false },
    );
    expect(options({ config })).toMatchObject({
      maxQueue: 5,
      dtype: 'q8',
      logFile: '/etc/onnx-predict/app.log',
      insecure: true,
      origin: ['a', 'b'],
      repeatNgram: 3,
      prepare: false,
    });
  });

  test('is its flag before its variable, that before the command’s section, that before what is for all, and else its default', () => {
    const config = file({ 'max-queue': 2 }, { 'max-queue': 3 });
    const variables = { MAX_QUEUE: '4' };
    expect(options({ args: ['--max-queue', '5'], variables, config })).toMatchObject({ maxQueue: 5 });
    expect(options({ variables, config })).toMatchObject({ maxQueue: 4 });
    expect(options({ config })).toMatchObject({ maxQueue: 3 });
    expect(options({ config: file({ 'max-queue': 2 }) })).toMatchObject({ maxQueue: 2 });
    expect(options({ variables: { QUEUE: '5' } })).toMatchObject({ maxQueue: 64 });
  });

  test('that may be given several times is separated by commas in its variable', () => {
    expect(options({ variables: { ORIGIN: 'a, b' } })).toMatchObject({ origin: ['a', 'b'] });
    expect(options({ args: ['--origin', 'c'], variables: { ORIGIN: 'a,b' } })).toMatchObject({ origin: ['c'] });
  });

  test.each(['0', 'false', 'NO', 'off'])('that is a switch is off at %s, whatever the file says', (text) => {
    expect(options({ variables: { INSECURE: text }, config: file({ insecure: true }) })).not.toHaveProperty('insecure', true);
  });

  test('that conflicts with a better source gives way, and with the same one is refused', () => {
    expect(options({ args: ['--quiet'], variables: { JSON: '1' } })).not.toHaveProperty('json');
    expect(options({ variables: { QUIET: '1' }, config: file({ json: true }) })).toMatchObject({ quiet: true });
    expect(() => options({ variables: { JSON: '1', QUIET: '1' } })).toThrow('cannot both be set');
  });

  test('that is said each time is set by no variable and no file', () => {
    expect(options({ variables: { YES: '1' }, config: file({ yes: true }) })).not.toHaveProperty('yes');
  });

  test('names its variable in the help', () => {
    const command = serveCommand();
    describeVariables(command);
    const help = command.helpInformation();
    for (const name of ['MAX_QUEUE', 'NO_REPEAT_NGRAM', 'PREPARE']) expect(help).toContain(`[ONNX_PREDICT_${name}]`);
    expect(help).not.toContain('YES');
  });

  test.each([
    ['MAX_QUEUE', 'many', '--max-queue <cost>'],
    ['DTYPE', 'fp8', '--dtype <dtype>'],
    ['INSECURE', 'maybe', '--insecure'],
  ])('whose variable %s is wrong is refused by both names', (name, value, flags) => {
    expect(() => options({ variables: { [name]: value } })).toThrow(
      `environment variable 'ONNX_PREDICT_${name}' value '${value}' is invalid for option '${flags}'`,
    );
  });

  test.each([
    [{ 'max-queue': 'many' }, '"serve.max-queue" is "many"'],
    [{ 'max-queue': true }, '"serve.max-queue" is true'],
    [{ 'max-queue': [1] }, '"serve.max-queue" is [1]'],
    [{ dtype: 'fp8' }, '"serve.dtype" is "fp8"'],
    [{ 'log-file': 5 }, '"serve.log-file" is 5'],
    [{ insecure: 'yes' }, '"serve.insecure" is "yes"'],
    [{ insecure: null }, '"serve.insecure" is null'],
  ])('whose value in the file is wrong, as %j, is refused with the file and the name', (serve, part) => {
    expect(() => options({ config: file({}, serve) })).toThrow(`The configuration file ${PATH}: ${part}`);
  });
});
