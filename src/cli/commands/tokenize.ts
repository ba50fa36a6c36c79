import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import { jsonLine, printable } from '../../printable-text.ts';
import { DEFAULT_SUMMARIZER, type TokenizationResult } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { checkStdin } from '../answer-inputs.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { showDownloads } from '../download-progress.ts';
import { STDIN } from '../expand-inputs.ts';
import { cacheDirOption, offlineOption, revisionOption, toEngineOptions } from '../hub-options.ts';
import { type ModelFlags, modelOption } from '../model-options.ts';
import { readText } from '../read-text.ts';

interface Flags extends ModelFlags {
  readonly ids?: true;
}

const EXAMPLES = `
Examples:
  onnx-predict tokenize article.txt --model tiny
  printf 'Hello world' | onnx-predict tokenize --model bart --ids

One line per token: its id, a TAB and what the vocabulary calls it. The text is
taken as it is, with the end of its last line; nothing is cut, and no prefix is
put in front. Only the tokenizer's files are fetched.`;

/** Adds `tokenize` to the program. */
export function addTokenizeCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('tokenize')
    .summary('show the tokens of a text')
    .description('Show the tokens of a text, as a model reads it.')
    .addArgument(new Argument('[file]', 'a text file, or - for standard input').default(STDIN, 'standard input'))
    .addOption(modelOption('t5, bart, distilbart, tiny', DEFAULT_SUMMARIZER))
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--ids', 'the ids alone, on one line').conflicts('json'))
    .addOption(new Option('--json', 'one JSON object'))
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: Flags) => tokenize(file, flags, dependencies));
}

async function tokenize(file: string, flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, createEngine, signal } = dependencies;
  checkStdin([file], 'text', terminal);
  const text = await readText(file, { terminal, signal });
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: true });
  const progress = showDownloads(terminal, readHubEnvironment().progressBars);
  const { model, revision } = flags;
  const { onProgress } = progress;
  try {
    const options = { model, signal, ...(revision === undefined ? {} : { revision }) };
    const result = await engine.tokenize(text, { ...options, ...(onProgress === undefined ? {} : { onProgress }) });
    progress.stop();
    await terminal.writeResult(formatTokens(file, result, flags));
  } finally {
    progress.stop();
  }
}

function formatTokens(file: string, result: TokenizationResult, { ids, json }: Flags): string {
  if (json === true) return `${jsonLine(snakeCaseKeys({ file, ...result }))}\n`;
  if (ids === true) return `${result.ids.join(' ')}\n`;
  return result.ids.map((id, at) => `${id}\t${printable(result.tokens[at]!)}\n`).join('');
}
