import type { ErrorReport } from '../errors.ts';
import { jsonLine } from '../printable-text.ts';
import { snakeCaseKeys } from '../snake-case.ts';
import type { ResultsFile } from './results-file.ts';
import type { Terminal } from './terminal.ts';

/** Where the answers of a run go. */
export interface AnswerOutput<Result> {
  /** Nobody takes them any more. */
  readonly closed: boolean;
  write(file: string, result: Result): Promise<void>;
  fail(file: string, error: ErrorReport): Promise<void>;
}

/** Answers as a command writes them for people and pipes. */
export function toStandardOutput<Result>(
  terminal: Terminal,
  {
    format,
    json,
    typed,
  }: {
    /** The text of one result, line ends included; empty where it was written already. */
    readonly format: (file: string, result: Result) => string;
    readonly json: boolean;
    /** Whether every line of JSON says its type, as there are several. */
    readonly typed: boolean;
  },
): AnswerOutput<Result> {
  return {
    get closed() {
      return terminal.outputClosed;
    },
    async write(file, result) {
      const text = format(file, result);
      if (text !== '') await terminal.writeResult(text);
    },
    async fail(file, error) {
      if (json) await terminal.writeResult(`${jsonLine({ ...(typed ? { type: 'error' } : {}), file, error })}\n`);
    },
  };
}

/**
 * Answers as lines of JSON in a file.
 * @param format called for what it says beside: warnings, and what decides the exit status
 */
export function toResultsFile<Result extends object>(
  results: ResultsFile,
  format: (file: string, result: Result) => string,
): AnswerOutput<Result> {
  return {
    closed: false,
    async write(file, result) {
      format(file, result);
      await results.append(snakeCaseKeys({ file, ...result }) as object);
    },
    fail: (file, error) => results.append({ file, error }),
  };
}
