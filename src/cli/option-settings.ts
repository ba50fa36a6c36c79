import { dirname } from 'node:path';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { OPTION_VARIABLE_PREFIX, resolveConfigPath } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import { type ConfigFile, invalidConfig } from './config-file.ts';
import { settableOptions, settingName, takesPath, variableOf } from './option-kinds.ts';
import { parseConfigValue, parseVariable } from './option-words.ts';

/** Where options come from that no flag sets. */
export interface SettingSources {
  /** By their names without the prefix. */
  readonly variables: ReadonlyMap<string, string>;
  readonly file: ConfigFile;
}

/** What an option is set to, and by what. */
export interface Setting {
  readonly option: Option;
  readonly source: 'flag' | 'environment' | 'file' | 'default';
  /** The variable, or the file. */
  readonly origin?: string;
  readonly value: unknown;
  /** As it was written. */
  readonly shown: unknown;
}

/** In the order in which they win. */
const SOURCES = ['flag', 'environment', 'file', 'default'] as const;

/** The name of a command in the configuration file: that of `keys add` is `keys`. */
export function sectionName(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : sectionName(parent);
}

/**
 * What each option of a command is: a flag wins over a variable, a variable over the file, and in the file what stands under the
 * command's name over what stands for all. One that conflicts with an option of a better source gives way.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function resolveSettings(command: Command, sources: SettingSources): readonly Setting[] {
  const settings = settableOptions(command).map((option) => resolveSetting(command, option, sources));
  return settings.map((setting) => {
    const winner = settings.find((other) => excludes(other, setting));
    if (winner === undefined) return setting;
    if (winner.source !== setting.source) return defaultSetting(setting.option);
    const [one, two] = [winner.option, setting.option].map(settingName);
    throw new OnnxPredictError('INVALID_ARGUMENT', `"${one}" and "${two}" cannot both be set (${winner.origin}).`);
  });
}

/** Sets the options of a command that no flag sets. */
export function applySettings(command: Command, sources: SettingSources): void {
  for (const { option, source, value } of resolveSettings(command, sources)) {
    if (source === 'environment' || source === 'file')
      command.setOptionValueWithSource(option.attributeName(), value, source === 'file' ? 'config' : 'env');
  }
}

/** Lets the help of a command name the variables of its options. */
export function describeVariables(command: Command): void {
  for (const option of settableOptions(command)) option.description += ` [${variableOf(option)}]`;
}

function resolveSetting(command: Command, option: Option, { variables, file }: SettingSources): Setting {
  const name = option.attributeName();
  if (command.getOptionValueSource(name) === 'cli') {
    const value: unknown = command.getOptionValue(name);
    return { option, source: 'flag', value, shown: value };
  }
  const variable = variableOf(option);
  const text = variables.get(variable.slice(OPTION_VARIABLE_PREFIX.length));
  if (text !== undefined) {
    const value = parse(
      () => parseVariable(option, text),
      (reason) => `environment variable '${variable}' value '${text}' is invalid for option '${option.flags}'. ${reason}`,
    );
    return { option, source: 'environment', origin: variable, value, shown: text };
  }
  return resolveFromFile(sectionName(command), option, file) ?? defaultSetting(option);
}

function resolveFromFile(section: string, option: Option, file: ConfigFile): Setting | undefined {
  const key = settingName(option);
  const own = file.sections.get(section);
  const settings = own?.has(key) === true ? own : file.global;
  if (!settings.has(key)) return undefined;
  const written = settings.get(key);
  const shown = takesPath(option) && typeof written === 'string' ? resolveConfigPath(written, dirname(file.path)) : written;
  const value = parse(
    () => parseConfigValue(option, shown),
    (reason) => {
      const error = invalidConfig(file.path, settings === own ? `${section}.${key}` : key, `is ${JSON.stringify(written)}`);
      return `${error.message} ${reason}`;
    },
  );
  return { option, source: 'file', origin: file.path, value, shown };
}

function defaultSetting(option: Option): Setting {
  const value: unknown = option.defaultValue;
  return { option, source: 'default', value, shown: option.defaultValueDescription ?? value };
}

function excludes(winner: Setting, setting: Setting): boolean {
  if (winner === setting || !isOn(winner) || !isOn(setting)) return false;
  const { option } = setting;
  const conflict = conflictsOf(option).includes(winner.option.attributeName());
  if (!conflict && !conflictsOf(winner.option).includes(option.attributeName())) return false;
  return SOURCES.indexOf(winner.source) <= SOURCES.indexOf(setting.source) && setting.source !== 'flag';
}

function isOn({ source, value }: Setting): boolean {
  return source !== 'default' && value !== undefined;
}

/** Commander's types do not tell of it. */
function conflictsOf(option: Option): readonly string[] {
  return (option as Option & { readonly conflictsWith?: readonly string[] }).conflictsWith ?? [];
}

function parse(read: () => unknown, explain: (reason: string) => string): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new OnnxPredictError('INVALID_ARGUMENT', explain(error.message), { cause: error });
  }
}
