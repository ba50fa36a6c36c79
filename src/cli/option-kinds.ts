import { type Command, Option } from 'commander';
import { OPTION_VARIABLE_PREFIX } from '../config.ts';

/** An option that may be given several times. Its variable separates values by commas; in the configuration file it is a list. */
export class ListOption extends Option {}

/** An option that is said each time: what removes without asking must not be a setting that somebody forgot. */
export class PerCallOption extends Option {}

/** The options of a command that variables and the configuration file may set. */
export function settableOptions(command: Command): readonly Option[] {
  return command.options.filter((option) => !(option instanceof PerCallOption));
}

/** Whether an option is on or off, and takes no value. */
export function isSwitch(option: Option): boolean {
  return !option.required && !option.optional;
}

/** The name of an option as a setting: `max-queue`; what `--no-prepare` turns off is `prepare`. */
export function settingName(option: Option): string {
  return option.negate && isSwitch(option) ? option.name().replace(/^no-/, '') : option.name();
}

/** The environment variable that stands for an option: of `--max-queue` it is `ONNX_PREDICT_MAX_QUEUE`. */
export function variableOf(option: Option): string {
  return OPTION_VARIABLE_PREFIX + settingName(option).replaceAll('-', '_').toUpperCase();
}

/** Whether the value of an option is a path, by the placeholder in its help. */
export function takesPath(option: Option): boolean {
  return /<(?:folder|file|path)>/.test(option.flags);
}
