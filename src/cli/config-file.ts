import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ConfigLocation } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import { nearestName } from './nearest-name.ts';

type Settings = ReadonlyMap<string, unknown>;

/** The configuration file, as it was read. */
export interface ConfigFile {
  readonly path: string;
  readonly found: boolean;
  /** What holds for every command that has such an option. */
  readonly global: Settings;
  /** What holds for one command. */
  readonly sections: ReadonlyMap<string, Settings>;
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads the configuration file; one that nobody named need not be there.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export async function readConfigFile({ path, named }: ConfigLocation): Promise<ConfigFile> {
  const text = await readText(path, named);
  if (text === undefined) return { path, found: false, global: new Map(), sections: new Map() };
  const entries = Object.entries(parseObject(text, path));
  const sections = entries.flatMap(([key, value]) => (isObject(value) ? [[key, toSettings(value)] as const] : []));
  return { path, found: true, global: new Map(entries.filter(([, value]) => !isObject(value))), sections: new Map(sections) };
}

/** Where `--config FILE` says it is. */
export function namedConfigFile(file: string): ConfigLocation {
  return { path: resolve(file), named: true };
}

/**
 * Refuses names that mean nothing.
 * @param commands what each command can be told
 * @param checked the commands whose sections are looked into
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function checkConfigNames(
  { path, global, sections }: ConfigFile,
  commands: ReadonlyMap<string, ReadonlySet<string>>,
  checked: Iterable<string>,
): void {
  const everything = new Set([...commands.values()].flatMap((names) => [...names]));
  for (const key of global.keys()) {
    if (commands.has(key)) throw invalidConfig(path, key, 'names a command: write an object, as {"top": 3}');
    if (!everything.has(key)) throw unknownKey(path, key, [...everything, ...commands.keys()]);
  }
  for (const section of sections.keys()) {
    if (everything.has(section) && !commands.has(section)) throw invalidConfig(path, section, 'must not be an object');
    if (!commands.has(section)) throw unknownKey(path, section, [...commands.keys(), ...everything]);
  }
  for (const command of checked) {
    const names = commands.get(command) ?? new Set();
    for (const key of sections.get(command)?.keys() ?? []) {
      if (!names.has(key))
        throw unknownKey(
          path,
          `${command}.${key}`,
          [...names].map((name) => `${command}.${name}`),
        );
    }
  }
}

/** An error of the file that names it and the key. */
export function invalidConfig(path: string, key: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', `The configuration file ${path}: "${key}" ${problem}.`);
}

function unknownKey(path: string, key: string, names: readonly string[]): OnnxPredictError {
  const nearest = nearestName(key, names);
  const hint = nearest === undefined ? 'see "onnx-predict config" for all' : `did you mean "${nearest}"?`;
  return new OnnxPredictError('INVALID_ARGUMENT', `The configuration file ${path}: there is no option "${key}"; ${hint}`);
}

async function readText(path: string, named: boolean): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length <= MAX_BYTES) return text;
    throw new OnnxPredictError('INVALID_ARGUMENT', `The configuration file ${path} is longer than ${MAX_BYTES} bytes.`);
  } catch (error) {
    if (error instanceof OnnxPredictError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (!named && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
    const message = `The configuration file ${path} cannot be read (${code}).`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message, { cause: error });
  }
}

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (isObject(value)) return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The configuration file ${path} is no JSON: ${reason}`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message, { cause: error });
  }
  throw new OnnxPredictError('INVALID_ARGUMENT', `The configuration file ${path} must hold one object, as {"threads": 2}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toSettings(section: Record<string, unknown>): Settings {
  return new Map(Object.entries(section));
}
