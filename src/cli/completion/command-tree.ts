import type { Argument, Command, Option } from 'commander';
import { isSwitch } from '../option-kinds.ts';

/** What a value can be, as far as it can be completed. */
export type ValueKind =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'model' | 'file' | 'folder' | 'command' | 'unknown' };

/** An option, as a shell completes it. */
export interface OptionNode {
  /** `-m` and `--model`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: ValueKind | undefined;
}

/** A command, as a shell completes it. */
export interface CommandNode {
  /** The words that call it: none for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  readonly argument: ValueKind;
}

const PLACEHOLDERS: Readonly<Record<string, ValueKind>> = {
  model: { kind: 'model' },
  names: { kind: 'model' },
  folder: { kind: 'folder' },
  file: { kind: 'file' },
  path: { kind: 'file' },
  input: { kind: 'file' },
  command: { kind: 'command' },
};

/** What there is to complete of a program, with the options of all its commands. */
export function commandTree(program: Command): CommandNode {
  return toNode(program, [], []);
}

/** All commands below the program, and those below them. */
export function allCommands(tree: CommandNode): readonly CommandNode[] {
  return tree.commands.flatMap((command) => [command, ...allCommands(command)]);
}

function toNode(command: Command, path: readonly string[], inherited: readonly OptionNode[]): CommandNode {
  const own = command.options.filter(({ hidden }) => !hidden).map(toOption);
  const everywhere = path.length === 0 ? own.filter(({ flags }) => !flags.includes('--version')) : inherited;
  const commands = command.commands.map((each) => toNode(each, [...path, each.name()], everywhere));
  const help: OptionNode = { flags: ['-h', '--help'], description: 'display help', value: undefined };
  return {
    path,
    description: command.summary() || command.description(),
    commands,
    options: [...own, ...(path.length === 0 ? [] : inherited), help],
    argument: command.registeredArguments.length === 0 ? { kind: 'unknown' } : toArgument(command.registeredArguments[0]!),
  };
}

function toOption(option: Option): OptionNode {
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
  return {
    flags: [option.short, option.long].filter((flag) => flag != null),
    description: option.description.replace(/ \[ONNX_PREDICT_\w+\]$/, ''),
    value: isSwitch(option) ? undefined : kindOf(placeholder, option.argChoices),
  };
}

function toArgument(argument: Argument): ValueKind {
  return kindOf(argument.name(), argument.argChoices);
}

function kindOf(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'words', words: choices };
  return Object.hasOwn(PLACEHOLDERS, placeholder) ? PLACEHOLDERS[placeholder]! : { kind: 'unknown' };
}
