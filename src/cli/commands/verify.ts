import { Argument, type Command, Option } from 'commander';
import { OnnxPredictError } from '../../errors.ts';
import { jsonLine } from '../../printable-text.ts';
import type { VerifiedModel } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { cacheDirOption, type HubFlags, toEngineOptions } from '../hub-options.ts';
import { formatTable, formatTsv } from '../text-table.ts';

interface Flags extends HubFlags {
  readonly json?: true;
}

/** Adds `verify` to the program. */
export function addVerifyCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('verify')
    .summary('check the files in the cache')
    .description('Compare the files of models in the Hugging Face cache with the hashes that name them.')
    .addArgument(new Argument('[model]', 'alias or organisation/name (default: every model with ONNX files)'))
    .addOption(cacheDirOption())
    .addOption(new Option('--json', 'one JSON object per revision and line'))
    .addHelpText(
      'after',
      '\nExit status: 0 all is well; 2 wrong usage; 4 a file is damaged or missing, or\nthere is no such model.',
    )
    .action((model: string | undefined, flags: Flags) => verify(model, flags, dependencies));
}

async function verify(model: string | undefined, flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, createEngine, signal } = dependencies;
  await using engine = await createEngine(toEngineOptions(flags), { oneShot: false });
  const verified = await engine.models.verify(model, { signal });
  const format = terminal.stdout.isTTY === true ? formatTable : formatTsv;
  const text =
    flags.json === true
      ? verified.map((each) => `${jsonLine(snakeCaseKeys(each))}\n`).join('')
      : format(verified.flatMap(toRows));
  await terminal.writeResult(text);
  const damaged = verified.find(({ ok }) => !ok);
  if (damaged === undefined) return;
  const { repository, revision } = damaged;
  throw new OnnxPredictError(
    'CACHE_INVALID',
    `${repository} is damaged. Run "onnx-predict rm -y ${repository}@${revision}" and then "onnx-predict pull ${repository}".`,
  );
}

function toRows({ repository, revision, files }: VerifiedModel): string[][] {
  return files.map(({ path, status }) => [status, `${repository}@${revision.slice(0, 7)}`, path]);
}
