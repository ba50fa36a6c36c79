import { Argument, type Command, Option } from 'commander';
import { readHubEnvironment } from '../../config.ts';
import type { Engine } from '../../engine.ts';
import { type ErrorReport, OnnxPredictError, reportError } from '../../errors.ts';
import { DEFAULT_MAX_PIXELS } from '../../limits.ts';
import { ActivationSchema, type ClassifyOptions, DEFAULT_IMAGE_CLASSIFIER, DEFAULT_TOP_K, DtypeSchema } from '../../schemas.ts';
import { type ClassificationFormat, formatClassification } from '../classification-output.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { type DownloadProgress, showDownloads } from '../download-progress.ts';
import { EXIT, EXIT_STATUS } from '../exit-status.ts';
import { expandInputs, type Input, STDIN } from '../expand-inputs.ts';
import { cacheDirOption, type HubFlags, offlineOption, revisionOption, toEngineOptions } from '../hub-options.ts';
import { finiteNumber, wholeNumber } from '../option-values.ts';
import { readPipe } from '../read-pipe.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine, printable } from '../terminal-text.ts';

interface Flags extends HubFlags {
  readonly model: string;
  readonly revision?: string;
  readonly dtype: NonNullable<ClassifyOptions['dtype']>;
  readonly top: number;
  readonly activation: NonNullable<ClassifyOptions['activation']>;
  readonly minConfidence?: number;
  readonly json?: true;
  readonly quiet?: true;
  readonly maxPixels: number;
  readonly threads?: number;
}

const EXAMPLES = `
Examples:
  the label, its confidence and the top 5 (fetches mit-b0 once, 15 MB):
    onnx-predict classify photo.jpg
  with the built-in model, which knows ten kinds of things, without a download:
    onnx-predict classify photo.jpg --model tiny
  in pipelines:
    onnx-predict classify photos/ --json > labels.ndjson
    onnx-predict classify 'photos/*.png' --quiet | sort | uniq -c
    cat photo.jpg | onnx-predict classify - --min-confidence 0.5

In a pipe: label TAB score, with the file in front when there are several;
the label of an abstention is "-".
Exit status: 0 all answered; 1 a picture failed; 2 wrong usage; 3 nothing
failed but something abstained; 4 the model could not be had.`;

/** Adds `classify` to the program. */
export function addClassifyCommand(program: Command, dependencies: CommandDependencies): void {
  program
    .command('classify')
    .summary('name what is in pictures')
    .description('Name what is in pictures, with the model’s confidence.')
    .addArgument(new Argument('<input...>', 'picture files, folders of them, glob patterns, or - for standard input'))
    .addOption(
      new Option('-m, --model <model>', 'alias (mit-b0, tiny), model folder or organisation/name[@revision]').default(
        DEFAULT_IMAGE_CLASSIFIER,
      ),
    )
    .addOption(new Option('--dtype <dtype>', 'number format of the weights').choices(DtypeSchema.options).default('fp32'))
    .addOption(revisionOption())
    .addOption(cacheDirOption())
    .addOption(offlineOption())
    .addOption(new Option('--top <count>', 'how many candidates to give').argParser(wholeNumber(1)).default(DEFAULT_TOP_K))
    .addOption(
      new Option('--activation <name>', 'what makes scores of logits').choices(ActivationSchema.options).default('softmax'),
    )
    .addOption(new Option('--min-confidence <score>', 'abstain below this score').argParser(finiteNumber))
    .addOption(new Option('--json', 'one JSON object per line').conflicts('quiet'))
    .addOption(new Option('-q, --quiet', 'the bare label'))
    .addOption(
      new Option('--max-pixels <count>', 'refuse larger pictures, before decoding')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_PIXELS),
    )
    .addOption(
      new Option('--threads <count>', 'threads to compute with (default: all that this machine grants)').argParser(
        wholeNumber(1),
      ),
    )
    .addHelpText('after', EXAMPLES)
    .action((args: string[], flags: Flags) => classify(args, flags, dependencies));
}

async function classify(args: readonly string[], flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, signal } = dependencies;
  if (args.filter((arg) => arg === STDIN).length > 1) {
    throw new OnnxPredictError('INVALID_ARGUMENT', 'Standard input (-) can be read only once; name it once.');
  }
  if (args.includes(STDIN) && terminal.stdin.isTTY === true) {
    throw new OnnxPredictError(
      'INVALID_ARGUMENT',
      'Standard input (-) is the keyboard here; pipe a picture into it, or name a file.',
    );
  }
  const { inputs, several } = await expandInputs(args);
  const engineOptions = { ...toEngineOptions(flags), ...(flags.threads === undefined ? {} : { numThreads: flags.threads }) };
  const engine = await dependencies.createEngine(engineOptions, { oneShot: inputs.length === 1 });
  const format = chooseFormat(flags, several, terminal);
  const progress = showDownloads(terminal, readHubEnvironment().progressBars && flags.quiet !== true);
  let failed = false;
  let abstained = false;
  try {
    for (const input of inputs) {
      const outcome = await classifyOne(input, flags, { engine, terminal, signal, progress });
      progress.stop();
      if ('result' in outcome) {
        abstained ||= outcome.result.classLabel === null;
        await terminal.writeResult(formatClassification(input.file, outcome.result, format));
      } else {
        failed = true;
        await reportFailure(input.file, outcome.error, format, terminal);
      }
      if (terminal.outputClosed) break;
    }
  } finally {
    progress.stop();
    await engine.close();
  }
  if (failed) dependencies.setExitStatus(EXIT.inputFailed);
  else if (abstained) dependencies.setExitStatus(EXIT.abstained);
}

type Outcome = { readonly result: Awaited<ReturnType<Engine['classify']>> } | { readonly error: ErrorReport };

/** @throws what ends the whole command: a model that cannot be had, wrong usage, the user's interruption */
async function classifyOne(
  input: Input,
  flags: Flags,
  {
    engine,
    terminal,
    signal,
    progress,
  }: { readonly engine: Engine; readonly progress: DownloadProgress } & Pick<CommandDependencies, 'terminal' | 'signal'>,
): Promise<Outcome> {
  try {
    if ('error' in input) throw input.error;
    const image = input.file === STDIN ? await readPipe(terminal.stdin, signal) : input.file;
    const { onProgress } = progress;
    const options = { ...toClassifyOptions(flags), signal, ...(onProgress === undefined ? {} : { onProgress }) };
    return { result: await engine.classify(image, options) };
  } catch (error) {
    signal.throwIfAborted();
    const report = reportError(error);
    if (EXIT_STATUS[report.code] !== EXIT.inputFailed) throw error;
    return { error: report };
  }
}

function toClassifyOptions(flags: Flags): ClassifyOptions {
  const { model, dtype, activation, maxPixels, minConfidence, revision } = flags;
  return {
    model,
    dtype,
    topK: flags.top,
    activation,
    maxPixels,
    ...(minConfidence === undefined ? {} : { minConfidence }),
    ...(revision === undefined ? {} : { revision }),
  };
}

function chooseFormat(flags: Flags, several: boolean, terminal: Terminal): ClassificationFormat {
  const { stdout } = terminal;
  if (flags.json === true) return { kind: 'json' };
  if (flags.quiet === true) return { kind: 'quiet' };
  if (stdout.isTTY !== true) return { kind: 'table', withFile: several };
  return {
    kind: 'terminal',
    withFile: several,
    columns: terminal.columns,
    color: stdout.hasColors(),
    activation: flags.activation,
  };
}

async function reportFailure(file: string, error: ErrorReport, format: ClassificationFormat, terminal: Terminal): Promise<void> {
  terminal.writeDiagnostic(`${printable(file)}: ${printable(error.message)}`);
  if (format.kind === 'json') await terminal.writeResult(`${jsonLine({ file, error })}\n`);
}
