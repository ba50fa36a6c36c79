import { Argument, type Command, Option } from 'commander';
import { readConfigLocation, readServerKey } from '../../config.ts';
import { OnnxPredictError } from '../../errors.ts';
import { jsonLine, printable } from '../../printable-text.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { type ConfigFile, checkConfigNames, namedConfigFile } from '../config-file.ts';
import { readHubFacts } from '../hub-facts.ts';
import { nearestName } from '../nearest-name.ts';
import { settableOptions, settingName, variableOf } from '../option-kinds.ts';
import { resolveSettings, type SettingSources } from '../option-settings.ts';
import type { Terminal } from '../terminal.ts';
import { formatTable, formatTsv } from '../text-table.ts';
import { namesOf, readSources } from '../use-settings.ts';

/** One value that is in effect. */
interface Row {
  /** Null for what is of no command: the Hub and the network. */
  readonly command: string | null;
  readonly option: string;
  readonly value: unknown;
  readonly source: string;
  /** The variable or the file. */
  readonly origin: string | null;
}

/** Variables of this program that stand for no option. */
const OTHER_VARIABLES = ['ONNX_PREDICT_CONFIG', 'ONNX_PREDICT_API_KEY'];

const EXAMPLES = `
Examples:
  onnx-predict config                   every option of every command
  onnx-predict config summarize         those of one command
  onnx-predict config --json | jq -c 'select(.source != "default")'
  onnx-predict config path              where the file is, or would be

The file is JSON. Names are those of the long options, for all commands that
have them or under one command's name:
  {"offline": true, "summarize": {"model": "bart"}, "serve": {"port": 9000}}
A flag wins over its ONNX_PREDICT_ variable, that over the file, that over the
default. Paths in the file are relative to its folder.`;

/** Adds `config` to the program. */
export function addConfigCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('config')
    .summary('what is set, and by what')
    .description('Show the value of every option, and whether a variable, the file or the default decided.')
    .addArgument(new Argument('[command]', 'of this command alone'))
    .addOption(new Option('--json', 'one JSON object per option and line'))
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined, flags: { readonly json?: true }) => showConfig(program, name, { flags, dependencies }));
  command
    .command('path')
    .description('Print where the configuration file is, or would be.')
    .action(() => {
      const { config } = program.opts<{ readonly config?: string }>();
      const { path } = config === undefined ? readConfigLocation() : namedConfigFile(config);
      return dependencies.terminal.writeResult(`${printable(path)}\n`);
    });
}

async function showConfig(
  program: Command,
  name: string | undefined,
  { flags, dependencies }: { readonly flags: { readonly json?: true }; readonly dependencies: CommandDependencies },
): Promise<void> {
  const { terminal } = dependencies;
  const commands = findCommands(program, name);
  const sources = await readSources(program);
  checkConfigNames(sources.file, namesOf(program), sources.file.sections.keys());
  warnOfVariables(program, sources, terminal);
  const rows = [...commands.flatMap((command) => optionRows(command, sources)), ...(name === undefined ? await otherRows() : [])];
  if (flags.json === true) await terminal.writeResult(rows.map((row) => `${jsonLine(row)}\n`).join(''));
  else if (terminal.stdout.isTTY === true) await terminal.writeResult(formatForPeople(rows, sources.file));
  else await terminal.writeResult(formatTsv(rows.map((row) => [row.command ?? '-', row.option, text(row.value), row.source])));
}

/** @throws OnnxPredictError INVALID_ARGUMENT */
function findCommands(program: Command, name: string | undefined): readonly Command[] {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  if (name === undefined) return commands.filter((command) => settableOptions(command).length > 0);
  const found = program.commands.find((command) => command.name() === name || command.alias() === name);
  if (found !== undefined) return [found, ...found.commands];
  const nearest = nearestName(
    name,
    program.commands.map((command) => command.name()),
  );
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  throw new OnnxPredictError('INVALID_ARGUMENT', `There is no command ${name}.${hint}`);
}

function optionRows(command: Command, sources: SettingSources): Row[] {
  const isNested = command.parent?.parent != null;
  const name = isNested ? `${command.parent?.name()} ${command.name()}` : command.name();
  // What is asked with now says nothing of the next time.
  return resolveSettings(command, sources)
    .filter(({ source }) => source !== 'flag')
    .map(({ option, source, origin = null, shown = null }) => ({
      command: name,
      option: settingName(option),
      value: shown,
      source,
      origin,
    }));
}

async function otherRows(): Promise<Row[]> {
  const key = readServerKey() === null ? 'not set' : 'set';
  const facts = await readHubFacts();
  return [
    ...facts.map(({ name, value, source }) => ({ command: null, option: name, value, source, origin: null })),
    {
      command: null,
      option: 'api-key',
      value: key,
      source: key === 'set' ? 'environment' : 'default',
      origin: 'ONNX_PREDICT_API_KEY',
    },
  ];
}

function warnOfVariables(program: Command, { variables }: SettingSources, terminal: Terminal): void {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const known = new Set([...OTHER_VARIABLES, ...commands.flatMap((command) => settableOptions(command).map(variableOf))]);
  for (const variable of [...variables.keys()].map((name) => `ONNX_PREDICT_${name}`)) {
    if (known.has(variable)) continue;
    const nearest = nearestName(variable, known);
    terminal.writeDiagnostic(
      printable(`no option has the variable ${variable}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`),
    );
  }
}

function formatForPeople(rows: readonly Row[], { path, found }: ConfigFile): string {
  const width = Math.max(...rows.map(({ option }) => option.length));
  const valueWidth = Math.min(30, Math.max(...rows.map(({ value }) => text(value).length)));
  const names = [...new Set(rows.map(({ command }) => command))];
  const groups = names.map((name) => {
    const own = rows.filter(({ command }) => command === name);
    const lines = own.map(({ option, value, source, origin }) => [
      `  ${option.padEnd(width)}`,
      text(value).padEnd(valueWidth),
      source === 'environment' && origin !== null ? origin : source,
    ]);
    return `${name ?? 'the Hub, the network and servers'}\n${formatTable(lines)}`;
  });
  return `${groups.join('\n')}\nfile: ${printable(path)}${found ? '' : ' (not there)'}\n`;
}

/** A value as it stands in a table. */
function text(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
