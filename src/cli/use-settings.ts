import type { Command } from 'commander';
import { readConfigLocation, readOptionVariables } from '../config.ts';
import { type ConfigFile, checkConfigNames, namedConfigFile, readConfigFile } from './config-file.ts';
import { settableOptions, settingName } from './option-kinds.ts';
import { applySettings, type SettingSources, sectionName } from './option-settings.ts';

/** Commands that say what is set, or say where, and must work whatever the file says. */
const WITHOUT_SETTINGS: ReadonlySet<string> = new Set(['path']);

/**
 * Lets variables and the configuration file set the options of every command.
 * @param loadAll all commands: needed where the file sets what the one that is called does not know
 */
export function useSettings(program: Command, loadAll: () => Promise<Command>): Command {
  return program.hook('preAction', async (_, command) => {
    if (WITHOUT_SETTINGS.has(command.name())) return;
    const sources = await readSources(program);
    const section = sectionName(command);
    if (!isKnownBy(command, sources.file)) checkConfigNames(sources.file, namesOf(await loadAll()), [section]);
    else checkConfigNames(sources.file, namesOf(program), [section]);
    applySettings(command, sources);
  });
}

/** What is set by variables, and by the file that `--config` or a variable names. */
export async function readSources(program: Command): Promise<SettingSources> {
  const { config } = program.opts<{ readonly config?: string }>();
  const file = await readConfigFile(config === undefined ? readConfigLocation() : namedConfigFile(config));
  return { variables: readOptionVariables(), file };
}

/** What each command can be told, by its name. */
export function namesOf(program: Command): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(program.commands.map((command) => [command.name(), new Set(optionNames(command))]));
}

function optionNames(command: Command): string[] {
  return [command, ...command.commands].flatMap((each) => settableOptions(each).map(settingName));
}

/** Whether nothing of the file is about another command: the others are not loaded to read it then. */
function isKnownBy(command: Command, { global, sections }: ConfigFile): boolean {
  const names = new Set(optionNames(command));
  return [...global.keys()].every((key) => names.has(key)) && [...sections.keys()].every((name) => name === sectionName(command));
}
