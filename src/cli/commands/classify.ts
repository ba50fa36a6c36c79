import { Argument, type Command, Option } from 'commander';
import { DEFAULT_MAX_PIXELS, MAX_IMAGE_BYTES } from '../../limits.ts';
import {
  ActivationSchema,
  type ClassificationResult,
  type ClassifyOptions,
  DEFAULT_IMAGE_CLASSIFIER,
  DEFAULT_TOP_K,
} from '../../schemas.ts';
import { type Answering, answerInputs, checkStdin } from '../answer-inputs.ts';
import { type ClassificationFormat, formatClassification } from '../classification-output.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { EXIT } from '../exit-status.ts';
import { expandInputs, STDIN } from '../expand-inputs.ts';
import { type FetchLimits, fetchPicture, isAddress, parseAddress } from '../fetch-picture.ts';
import { PICTURES } from '../input-kinds.ts';
import { addAnswerOptions, addModelOptions, type RunFlags } from '../model-options.ts';
import { finiteNumber, wholeNumber } from '../option-values.ts';
import { readPipe } from '../read-pipe.ts';
import { checkServerFlags } from '../server-options.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends RunFlags {
  readonly top: number;
  readonly activation: NonNullable<ClassifyOptions['activation']>;
  readonly minConfidence?: number;
  readonly maxPixels: number;
  readonly maxDownloadMb: number;
}

const MIB = 1024 * 1024;
/** As a server takes of an upload. */
const DEFAULT_MAX_DOWNLOAD_MB = 20;
const FETCH_TIMEOUT_MS = 60_000;

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
  many, in a run that can be broken off and gone on with:
    onnx-predict classify photos/ --out labels.ndjson --resume

An address is asked as it is, without cookies or passwords; only hosts that
are named here are asked, wherever these send to.
In a pipe: label TAB score, with the file in front when there are several;
the label of an abstention is "-".
Exit status: 0 all answered; 1 a picture failed; 2 wrong usage; 3 nothing
failed but something abstained; 4 the model could not be had.`;

/** Adds `classify` to the program. */
export function addClassifyCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('classify')
    .summary('name what is in pictures')
    .description('Name what is in pictures, with the model’s confidence.')
    .addArgument(
      new Argument('<input...>', 'picture files, folders of them, glob patterns, http(s) addresses, or - for standard input'),
    );
  addModelOptions(command, 'mit-b0, tiny', DEFAULT_IMAGE_CLASSIFIER)
    .addOption(new Option('--top <count>', 'how many candidates to give').argParser(wholeNumber(1)).default(DEFAULT_TOP_K))
    .addOption(
      new Option('--activation <name>', 'what makes scores of logits').choices(ActivationSchema.options).default('softmax'),
    )
    .addOption(new Option('--min-confidence <score>', 'abstain below this score').argParser(finiteNumber))
    .addOption(
      new Option('--max-pixels <count>', 'refuse larger pictures, before decoding')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_PIXELS),
    )
    .addOption(
      new Option('--max-download-mb <size>', 'largest picture that is fetched from an address, in MiB')
        .argParser(wholeNumber(1))
        .default(DEFAULT_MAX_DOWNLOAD_MB),
    );
  addAnswerOptions(command, 'label')
    .addHelpText('after', EXAMPLES)
    .action((args: string[], flags: Flags) => {
      checkServerFlags(command, flags);
      return classify(args, flags, dependencies);
    });
}

async function classify(args: readonly string[], flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, signal, setExitStatus } = dependencies;
  checkStdin(args, PICTURES.noun, terminal);
  const limits = fetchLimits(args, flags);
  const { inputs, several } = await expandInputs(args, PICTURES);
  const format = chooseFormat(flags, several, terminal);
  let abstained = false;
  const answering: Answering<ClassificationResult> = {
    inputs,
    flags,
    brief: true,
    unit: 'img',
    async answer(file, engine, onDownload) {
      const image = await readPicture(file, { terminal, signal, limits });
      const onProgress = onDownload === undefined ? {} : { onProgress: onDownload };
      return engine.classify(image, { ...toClassifyOptions(flags), signal, ...onProgress });
    },
    format(file, result) {
      abstained ||= result.classLabel === null;
      return formatClassification(file, result, format);
    },
  };
  const failed = await answerInputs(answering, dependencies);
  if (failed) setExitStatus(EXIT.inputFailed);
  else if (abstained) setExitStatus(EXIT.abstained);
}

/** What may be fetched: from the hosts of the addresses that were given, and no others. */
function fetchLimits(args: readonly string[], { maxDownloadMb }: Flags): FetchLimits {
  const hosts = new Set(args.filter(isAddress).map((arg) => parseAddress(arg).host));
  return { hosts, maxBytes: maxDownloadMb * MIB, timeoutMs: FETCH_TIMEOUT_MS };
}

/** A path as it is, or the bytes of what is no file. */
async function readPicture(
  file: string,
  { terminal, signal, limits }: { readonly terminal: Terminal; readonly signal: AbortSignal; readonly limits: FetchLimits },
): Promise<string | Uint8Array> {
  if (isAddress(file)) return fetchPicture(file, limits, signal);
  return file === STDIN ? readPipe(terminal.stdin, { maxBytes: MAX_IMAGE_BYTES, noun: PICTURES.noun }, signal) : file;
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
