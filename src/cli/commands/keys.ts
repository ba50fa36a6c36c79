import { Argument, type Command } from 'commander';
import { isOpenToOthers, readApiKeyFile, updateApiKeyFile } from '../../api-key-file.ts';
import { checkKeyName, createApiKey, formatStoredKey, hashApiKey, parseApiKeys } from '../../api-keys.ts';
import { readOptionVariables } from '../../config.ts';
import { OnnxPredictError } from '../../errors.ts';
import { printable } from '../../printable-text.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { PerCallOption } from '../option-kinds.ts';

interface Flags {
  readonly file?: string;
}

const EXAMPLES = `
Examples:
  a key for who is called team-a, shown this once; the file keeps its hash:
    onnx-predict keys add team-a --file keys.txt
  a server that asks for a key:
    onnx-predict serve --api-keys keys.txt
  and who calls it:
    curl -H "Authorization: Bearer op_..." http://127.0.0.1:8000/metrics

A server that runs sees changes of the file within two seconds.`;

/** Adds `keys` to the program. */
export function addKeysCommand(program: Command, dependencies: CommandDependencies): void {
  const keys = program
    .command('keys')
    .summary('API keys for serve: add, list, rm')
    .description('Make and remove the keys that "serve --api-keys FILE" asks for.')
    .addHelpText('after', EXAMPLES);
  keys
    .command('add')
    .description('Make a key, print it, and add its hash to the file. It cannot be shown again.')
    .addArgument(nameArgument())
    .addOption(fileOption())
    .action((name: string, flags: Flags) => addKey(name, fileOf(flags), dependencies));
  keys
    .command('list')
    .description('Print the names of the keys.')
    .addOption(fileOption())
    .action((flags: Flags) => listKeys(fileOf(flags), dependencies));
  keys
    .command('rm')
    .description('Remove a key: it is not accepted any more.')
    .addArgument(nameArgument())
    .addOption(fileOption())
    .action((name: string, flags: Flags) => removeKey(name, fileOf(flags), dependencies));
}

const nameArgument = () => new Argument('<name>', 'what logs and metrics call whoever has the key');

const fileOption = () => new PerCallOption('--file <path>', 'the file of keys (default: ONNX_PREDICT_API_KEYS)');

function fileOf({ file = readOptionVariables().get('API_KEYS') }: Flags): string {
  if (file !== undefined && file !== '') return file;
  throw new OnnxPredictError('INVALID_ARGUMENT', 'Which file? Name it with --file, or in ONNX_PREDICT_API_KEYS.');
}

async function addKey(name: string, path: string, { terminal }: CommandDependencies): Promise<void> {
  checkKeyName(name);
  const key = createApiKey();
  await updateApiKeyFile(path, (text) => {
    if (parseApiKeys(text, path).some((stored) => stored.name === name)) {
      throw new OnnxPredictError('INVALID_ARGUMENT', `There is a key named ${name} in ${path} already; remove it first.`);
    }
    const lines = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    return `${lines}${formatStoredKey({ name, hash: hashApiKey(key) })}\n`;
  });
  await terminal.writeResult(`${key}\n`);
}

async function listKeys(path: string, { terminal }: CommandDependencies): Promise<void> {
  const { text, mode } = await readApiKeyFile(path);
  const keys = parseApiKeys(text, path);
  if (isOpenToOthers(mode)) terminal.writeDiagnostic(printable(`${path} is open to others: chmod 600 closes it.`));
  await terminal.writeResult(keys.map(({ name }) => `${name}\n`).join(''));
}

async function removeKey(name: string, path: string, { terminal }: CommandDependencies): Promise<void> {
  checkKeyName(name);
  await readApiKeyFile(path);
  await updateApiKeyFile(path, (text) => {
    if (!parseApiKeys(text, path).some((stored) => stored.name === name)) {
      throw new OnnxPredictError('INVALID_ARGUMENT', `There is no key named ${name} in ${path}.`);
    }
    return text
      .split('\n')
      .filter((line) => !line.trim().startsWith(`${name}:`))
      .join('\n');
  });
  await terminal.writeResult(`removed ${name}\n`);
}
