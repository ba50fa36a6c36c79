import { InvalidArgumentError, type Option } from 'commander';
import { SWITCH_WORDS } from '../switch-words.ts';
import { isSwitch, ListOption } from './option-kinds.ts';

/**
 * The value of an option that its environment variable gives.
 * @throws InvalidArgumentError
 */
export function parseVariable(option: Option, text: string): unknown {
  if (!isSwitch(option)) return parseTexts(option, option instanceof ListOption ? text.split(',') : [text]);
  const on = SWITCH_WORDS.get(text.toLowerCase());
  if (on === undefined) throw new InvalidArgumentError(option.negate ? 'It must be auto or never.' : 'It must be 1 or 0.');
  return switchValue(option, on);
}

/**
 * The value of an option that the configuration file gives.
 * @throws InvalidArgumentError
 */
export function parseConfigValue(option: Option, value: unknown): unknown {
  if (isSwitch(option)) {
    if (typeof value !== 'boolean') throw new InvalidArgumentError('It must be true or false.');
    return switchValue(option, value);
  }
  if (option instanceof ListOption) {
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return parseTexts(option, values.map(toText));
  }
  if (option.parseArg === undefined && typeof value !== 'string') throw new InvalidArgumentError('It must be a string.');
  return parseTexts(option, [toText(value)]);
}

function switchValue(option: Option, on: boolean): boolean | undefined {
  return option.negate ? on : on || undefined;
}

function toText(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new InvalidArgumentError(Array.isArray(value) ? 'It must not be a list.' : 'It must be a string or a number.');
}

function parseTexts(option: Option, texts: readonly string[]): unknown {
  return texts.reduce<unknown>(
    (previous, text) => (option.parseArg === undefined ? text.trim() : option.parseArg<unknown>(text.trim(), previous)),
    undefined,
  );
}
