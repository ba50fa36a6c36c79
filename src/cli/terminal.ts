import type { ReadStream, WriteStream } from 'node:tty';

/** Standard input, output and error of the command: results go to `stdout`, all else to `stderr`. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  /** For what shows that work goes on; lines for the user go through `writeDiagnostic`. */
  readonly stderr: NodeJS.WriteStream | WriteStream;
  /** How wide stdout's terminal is; 80 where it does not say, or says 0. */
  readonly columns: number;
  /** Nobody takes the results any more, so the work is over: they are not read (`| head`), or cannot be written. */
  readonly outputClosed: boolean;
  /** Results were lost: the disk is full, say. A reader that has left (`| head`) has lost nothing. */
  readonly outputFailed: boolean;
  /** Resolves when there is room for more, or when the command shall end. */
  writeResult(text: string): Promise<void>;
  /** One line for the user, after the program's name. */
  writeDiagnostic(message: string): void;
}

const DEFAULT_COLUMNS = 80;

/**
 * The process's own standard streams.
 * @param signal aborted when the command shall end, however slow the reader of its results is
 */
export function processTerminal({ stdin, stdout, stderr }: NodeJS.Process, signal: AbortSignal): Terminal {
  let outputClosed = false;
  let outputFailed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    outputClosed = true;
    if (error.code === 'EPIPE') return;
    outputFailed = true;
    stderr.write(`onnx-predict: the results could not be written (${error.code}).\n`);
  });
  // Where even stderr is closed there is nobody left to tell.
  stderr.on('error', () => {});
  return {
    stdin,
    stdout,
    stderr,
    get columns() {
      return stdout.columns > 0 ? stdout.columns : DEFAULT_COLUMNS;
    },
    get outputClosed() {
      return outputClosed;
    },
    get outputFailed() {
      return outputFailed;
    },
    writeResult: (text) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const done = () => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        signal.addEventListener('abort', done);
        stdout.write(text, done);
      }),
    writeDiagnostic: (message) => void stderr.write(`onnx-predict: ${message}\n`),
  };
}
