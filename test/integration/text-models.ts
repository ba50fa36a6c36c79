import { cp } from 'node:fs/promises';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, '../fixtures');

/** Puts a model of the fixtures and its tokenizer together, as a repository holds them, and gives the folder. */
export async function assembleModel(folder: string, name: string, tokenizer = name): Promise<string> {
  const model = join(folder, name);
  await cp(join(FIXTURES, 'tokenizers', tokenizer), model, { recursive: true });
  await cp(join(FIXTURES, 'models', name), model, { recursive: true });
  return model;
}

/** `no_repeat_ngram_size` as `noRepeatNgramSize`. */
export function camelCaseKeys(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [camel(name), value]));
}
