import { Argument, type Command, Option } from 'commander';
import { OnnxPredictError } from '../../errors.ts';
import { printable } from '../../printable-text.ts';
import {
  DEFAULT_SUMMARIZER,
  type EarlyStopping,
  type SummarizeOptions,
  type SummaryResult,
  type Truncate,
  TruncateSchema,
} from '../../schemas.ts';
import { type Answering, answerInputs, checkStdin, showsRun } from '../answer-inputs.ts';
import type { CommandDependencies } from '../command-dependencies.ts';
import { EXIT } from '../exit-status.ts';
import { expandInputs, STDIN } from '../expand-inputs.ts';
import { TEXTS } from '../input-kinds.ts';
import { addAnswerOptions, addModelOptions, type RunFlags } from '../model-options.ts';
import { earlyStopping, finiteNumber, wholeNumber } from '../option-values.ts';
import { readText } from '../read-text.ts';
import { checkServerFlags } from '../server-options.ts';
import { formatSummary, type SummaryFormat } from '../summary-output.ts';
import { showSummaryProgress } from '../summary-progress.ts';
import { createSummaryStream, summarizeInParts } from '../summary-stream.ts';
import { summaryWarnings } from '../summary-warnings.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends RunFlags {
  readonly min?: number;
  readonly max?: number;
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: EarlyStopping;
  /** Commander takes `--no-` for a negation: absent is true. */
  readonly repeatNgram?: true | number;
  readonly repetitionPenalty?: number;
  readonly truncate: Truncate;
  readonly stream?: true;
  readonly check?: true;
}

const DEFAULT_MIN = 30;
const DEFAULT_MAX = 130;
/** The models whose lengths this command decides; any other says itself how long its summaries are. */
const MODELS_WITH_LENGTHS: ReadonlySet<string> = new Set(['t5', 'bart', 'distilbart']);

const EXAMPLES = `
Examples:
  a summary (fetches t5-small once, 310 MB):
    onnx-predict summarize article.txt
  with the built-in model, which copies more than it writes, without a download:
    onnx-predict summarize article.txt --model tiny
  in pipelines:
    curl -s https://example.org/report.txt | onnx-predict summarize
    onnx-predict summarize reports/ --model bart --json > summaries.ndjson
  all of a long document, and what its summary says that it does not:
    onnx-predict summarize thesis.txt --truncate chunk --max 400 --check

--min and --max count the tokens of the summary, its start token included. For
t5, bart and distilbart they are 30 and 130 unless said; any other model's own
configuration decides, as it does for everything else that is not said here.
In a pipe: the summary, with the file and a TAB in front when there are several.
--stream writes the same, each part as soon as it cannot change any more.
What was cut off, and what --check finds, is said on stderr and in --json.
Exit status: 0 all answered; 1 a text failed; 2 wrong usage; 4 the model could
not be had.`;

/** Adds `summarize` to the program. */
export function addSummarizeCommand(program: Command, dependencies: CommandDependencies): void {
  const command = program
    .command('summarize')
    .summary('shorten texts to what they say')
    .description('Shorten texts to what they say, token for token as transformers does.')
    .addArgument(new Argument('[file...]', 'text files, folders of them, glob patterns, or - for standard input'));
  addModelOptions(command, 't5, bart, distilbart, tiny', DEFAULT_SUMMARIZER)
    .addOption(new Option('--min <count>', 'tokens of the summary, at least').argParser(wholeNumber(0)))
    .addOption(new Option('--max <count>', 'tokens of the summary, at most').argParser(wholeNumber(2)))
    .addOption(new Option('--beams <count>', 'texts that are followed at once; 1 is greedy').argParser(wholeNumber(1)))
    .addOption(new Option('--length-penalty <power>', 'above 0, longer texts win').argParser(finiteNumber))
    .addOption(
      new Option('--early-stopping <when>', 'true, false or never: end with as many texts as beams').argParser(earlyStopping),
    )
    .addOption(new Option('--no-repeat-ngram <size>', 'no so many tokens twice; 0 is off').argParser(wholeNumber(0)))
    .addOption(new Option('--repetition-penalty <factor>', 'above 1, fewer repetitions').argParser(finiteNumber))
    .addOption(new Option('--stream', 'write the summary as it is made; with --json, a line for each event'))
    .addOption(
      new Option('--truncate <how>', 'cut the end of a text that is too long, refuse it, or go through it in parts')
        .choices(TruncateSchema.options)
        .default('end'),
    )
    .addOption(new Option('--check', 'warn of numbers and names that the text does not have'));
  addAnswerOptions(command, 'summary, and no warnings')
    .addHelpText('after', EXAMPLES)
    .action((args: string[], flags: Flags) => {
      checkServerFlags(command, flags);
      return summarize(args, flags, dependencies);
    });
}

async function summarize(args: readonly string[], flags: Flags, dependencies: CommandDependencies): Promise<void> {
  const { terminal, signal, setExitStatus } = dependencies;
  const files = args.length === 0 ? [STDIN] : args;
  checkStdin(files, TEXTS.noun, terminal);
  const { inputs, several } = await expandInputs(files, TEXTS);
  const format = chooseFormat(flags, several, terminal);
  const progress = showSummaryProgress(
    terminal,
    flags.quiet !== true && flags.stream !== true && !showsRun(inputs, flags, terminal),
  );
  const answering: Answering<SummaryResult> = {
    inputs,
    flags,
    typed: flags.stream === true,
    // Its many steps gain more by a runner's large pages.
    brief: false,
    unit: 'texts',
    async answer(file, engine, onDownload) {
      const text = withoutLastLineEnd(await readText(file, { terminal, signal }));
      if (text.trim() === '') throw new OnnxPredictError('TEXT_INVALID', 'There is no text to summarize.');
      const onProgress: SummarizeOptions['onProgress'] = (event) => {
        if (event.type === 'tokens' || event.type === 'parts') progress.show(event);
        else if (event.type !== 'state') onDownload?.(event);
      };
      const options = { ...toSummarizeOptions(flags), signal, onProgress };
      try {
        if (flags.stream !== true) return await engine.summarize(text, options);
        return await summarizeInParts(engine, text, { options, stream: createSummaryStream(file, format, terminal), terminal });
      } finally {
        progress.clear();
      }
    },
    format(file, result) {
      const warnings = flags.quiet === true ? [] : summaryWarnings(result);
      for (const warning of warnings) terminal.writeDiagnostic(printable(`${file}: ${warning}`));
      return flags.stream === true ? '' : formatSummary(file, result, format);
    },
  };
  if (await answerInputs(answering, dependencies)) setExitStatus(EXIT.inputFailed);
}

/** The end of a file's last line is no part of its text. */
function withoutLastLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function toSummarizeOptions(flags: Flags): SummarizeOptions {
  const { model, dtype, revision, min, max, beams, lengthPenalty, repeatNgram, repetitionPenalty, truncate, check } = flags;
  const given = {
    revision,
    minLength: min,
    maxLength: max,
    numBeams: beams,
    lengthPenalty,
    earlyStopping: flags.earlyStopping,
    noRepeatNgramSize: repeatNgram === true ? undefined : repeatNgram,
    repetitionPenalty,
    check,
    defaults: MODELS_WITH_LENGTHS.has(model.split('@', 1)[0]!)
      ? // A default gives way to what is said.
        { minLength: DEFAULT_MIN, maxLength: Math.max(DEFAULT_MAX, min ?? 0) }
      : undefined,
  };
  return { model, dtype, truncate, ...omitUndefined(given) };
}

function omitUndefined<Fields extends object>(fields: Fields): { [K in keyof Fields]?: NonNullable<Fields[K]> } {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [K in keyof Fields]?: NonNullable<Fields[K]> };
}

function chooseFormat(flags: Flags, several: boolean, { stdout }: Terminal): SummaryFormat {
  if (flags.json === true) return { kind: 'json' };
  if (flags.quiet === true) return { kind: 'quiet' };
  if (stdout.isTTY !== true) return { kind: 'table', withFile: several };
  return { kind: 'terminal', withFile: several, color: stdout.hasColors() };
}
