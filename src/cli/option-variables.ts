import { type Command, InvalidArgumentError, type Option } from 'commander';
import { OPTION_VARIABLE_PREFIX } from '../config.ts';

/** What environment variables mean by yes and no, in lower case. */
const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ...['1', 'true', 'yes', 'on'].map((word) => [word, true] as const),
  ...['0', 'false', 'no', 'off'].map((word) => [word, false] as const),
]);

/** Of the variable of an option like `--no-prepare`, whose name says what is done without the flag. */
const NEGATED_SWITCHES: ReadonlyMap<string, boolean> = new Map([...SWITCHES, ['auto', true], ['never', false]]);

/**
 * Lets every option of a command also be an environment variable, `--max-queue` `ONNX_PREDICT_MAX_QUEUE`: a flag wins over a
 * variable, a variable over a default. The help names them.
 * @param variables by their names without the prefix
 * @param lists the attributes of options that may be given several times: their variables separate values by commas
 */
export function addOptionVariables(
  command: Command,
  variables: ReadonlyMap<string, string>,
  lists: ReadonlySet<string> = new Set(),
): Command {
  for (const option of command.options) option.description += ` [${OPTION_VARIABLE_PREFIX}${variableOf(option)}]`;
  return command.hook('preAction', () => {
    for (const option of command.options) {
      const name = option.attributeName();
      const text = variables.get(variableOf(option));
      if (text === undefined || command.getOptionValueSource(name) === 'cli') continue;
      const values = lists.has(name) ? text.split(',').map((part) => part.trim()) : [text];
      command.setOptionValueWithSource(name, parseValues(command, option, values), 'env');
    }
  });
}

/** `maxQueue`: `MAX_QUEUE`. */
function variableOf(option: Option): string {
  return option
    .attributeName()
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();
}

function parseValues(command: Command, option: Option, values: readonly string[]): unknown {
  try {
    return values.reduce<unknown>((previous, value) => parseValue(option, value, previous), undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const variable = `${OPTION_VARIABLE_PREFIX}${variableOf(option)}`;
    return command.error(
      `error: environment variable '${variable}' value '${values.join(',')}' is invalid for option '${option.flags}'. ${error.message}`,
      { code: error.code },
    );
  }
}

function parseValue(option: Option, value: string, previous: unknown): unknown {
  if (!option.isBoolean() && !option.negate)
    return option.parseArg === undefined ? value : option.parseArg<unknown>(value, previous);
  const on = (option.negate ? NEGATED_SWITCHES : SWITCHES).get(value.toLowerCase());
  if (on === undefined) throw new InvalidArgumentError(option.negate ? 'It must be auto or never.' : 'It must be 1 or 0.');
  return option.negate ? on : on || undefined;
}
