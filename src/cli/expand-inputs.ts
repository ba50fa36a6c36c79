import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, isAbsolute, join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import { isAddress } from './fetch-picture.ts';
import type { InputKind } from './input-kinds.ts';

/** One file that was asked for, or why an argument gave none. */
export type Input = { readonly file: string } | { readonly file: string; readonly error: OnnxPredictError };

/** What the arguments of a command came to. */
export interface ExpandedInputs {
  readonly inputs: readonly Input[];
  /** More than one file was asked for, or a folder or pattern that may hold any number: answers then name their file. */
  readonly several: boolean;
}

/** The standard input's name among file arguments. */
export const STDIN = '-';

const GLOB_CHARACTERS = /[*?[\]{}]/;

/** Files as they are, those of the kind in folders (and the folders in them) and those matching glob patterns, sorted by name. */
export async function expandInputs(args: readonly string[], kind: InputKind): Promise<ExpandedInputs> {
  const groups = await Promise.all(args.map((arg) => expandArgument(arg, kind)));
  const inputs = groups.flatMap(({ inputs }) => inputs);
  return { inputs, several: inputs.length > 1 || groups.some(({ several }) => several) };
}

async function expandArgument(arg: string, kind: InputKind): Promise<ExpandedInputs> {
  if (arg === '')
    throw new OnnxPredictError('INVALID_ARGUMENT', 'An input must not be empty; name a file, a folder or - (standard input).');
  if (arg === STDIN || isAddress(arg)) return { inputs: [{ file: arg }], several: false };
  const found = await stat(arg).catch(() => undefined);
  if (found?.isDirectory() === true) return { inputs: await filesIn(arg, kind), several: true };
  if (found === undefined && GLOB_CHARACTERS.test(arg)) return { inputs: await matches(arg), several: true };
  return { inputs: [{ file: arg }], several: false };
}

async function filesIn(folder: string, kind: InputKind): Promise<Input[]> {
  const inputs = await walk(folder, kind);
  if (inputs.length > 0) return inputs;
  const message = `There is no ${kind.noun} in the folder ${folder} (looked for ${[...kind.extensions].join(' ')}).`;
  return [{ file: folder, error: new OnnxPredictError('INPUT_NOT_FOUND', message) }];
}

/** Hidden files and folders are left out, and links to folders are not followed: they may lead in circles. */
async function walk(folder: string, kind: InputKind): Promise<Input[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const message = `The folder ${folder} cannot be read (${code}).`;
    return [{ file: folder, error: new OnnxPredictError('INPUT_UNREADABLE', message, { cause: error }) }];
  }
  const inputs: Input[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith('.')).sort(byName)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) inputs.push(...(await walk(path, kind)));
    else if (kind.extensions.has(extname(entry.name).toLowerCase())) inputs.push({ file: path });
  }
  return inputs;
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}

async function matches(pattern: string): Promise<Input[]> {
  // Needed only where the shell did not expand the pattern: on Windows, or quoted.
  const { glob } = await import('tinyglobby');
  const files = await glob(pattern, { absolute: isAbsolute(pattern), expandDirectories: false, followSymbolicLinks: false });
  if (files.length > 0) return files.sort().map((file) => ({ file }));
  return [{ file: pattern, error: new OnnxPredictError('INPUT_NOT_FOUND', `No file matches ${pattern}.`) }];
}
