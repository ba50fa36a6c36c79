import type { Engine } from '../engine.ts';
import { jsonLine, printable } from '../printable-text.ts';
import type { SummarizeEvent, SummarizeOptions, SummaryResult } from '../schemas.ts';
import { snakeCaseKeys } from '../snake-case.ts';
import { describeProgress } from '../summary-progress.ts';
import { type SummaryFormat, summaryFrame } from './summary-output.ts';
import type { Terminal } from './terminal.ts';

/** One summary that is written as it is made. */
export interface SummaryStream {
  onProgress(event: SummarizeEvent): void;
  onText(part: string): void;
  /** Writes what is left. */
  end(result: SummaryResult): Promise<void>;
  /** Ends the line of a text of which nothing more comes. */
  breakOff(): void;
}

type FollowedOptions = SummarizeOptions & Required<Pick<SummarizeOptions, 'signal' | 'onProgress'>>;

/** The bytes are those of the summary that is written whole, or with --json a line for each event. */
export function createSummaryStream(file: string, format: SummaryFormat, terminal: Terminal): SummaryStream {
  return format.kind === 'json' ? streamJson(file, terminal) : streamText(summaryFrame(file, format), terminal);
}

/** Makes a summary and writes it as it is made, unless nobody reads it any more. */
export async function summarizeInParts(
  engine: Pick<Engine, 'summarize'>,
  text: string,
  {
    options,
    stream,
    terminal,
  }: { readonly options: FollowedOptions; readonly stream: SummaryStream; readonly terminal: Terminal },
): Promise<SummaryResult> {
  const unread = new AbortController();
  const onProgress: SummarizeOptions['onProgress'] = (event) => {
    options.onProgress(event);
    stream.onProgress(event);
    if (terminal.outputClosed) unread.abort();
  };
  try {
    const signal = AbortSignal.any([options.signal, unread.signal]);
    const result = await engine.summarize(text, { ...options, signal, onProgress, onText: stream.onText });
    await stream.end(result);
    return result;
  } catch (error) {
    stream.breakOff();
    throw error;
  }
}

function streamText({ before, after }: ReturnType<typeof summaryFrame>, terminal: Terminal): SummaryStream {
  let begun = false;
  const begin = () => {
    const text = begun ? '' : before;
    begun = true;
    return text;
  };
  return {
    onProgress() {},
    onText: (part) => writePart(begin() + printable(part), terminal),
    end: () => terminal.writeResult(begin() + after),
    breakOff() {
      // Also where the command shall end, and writes no more results.
      if (begun) writePart('\n', terminal);
    },
  };
}

function streamJson(file: string, terminal: Terminal): SummaryStream {
  const line = (type: string, fields: object) => `${jsonLine({ type, file, ...fields })}\n`;
  return {
    onProgress(event) {
      const progress = describeProgress(event);
      if (progress !== undefined) writePart(line('progress', progress), terminal);
    },
    onText: (delta) => writePart(line('text', { delta }), terminal),
    end: (result) => terminal.writeResult(line('result', snakeCaseKeys(result) as object)),
    breakOff() {},
  };
}

/** Nobody waits here: what the reader does not take yet is no longer than the events of a summary. */
function writePart(text: string, { stdout, outputClosed }: Terminal): void {
  if (!outputClosed) stdout.write(text);
}
