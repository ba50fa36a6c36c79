import type { ReadStream, WriteStream } from 'node:tty';

/** Standard input, output and error of the command: results go to `stdout`, all else to `stderr`. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream | ReadStream;
  readonly stdout: NodeJS.WriteStream | WriteStream;
  /** For what shows that work goes on; lines for the user go through `writeDiagnostic`. */
  readonly stderr: NodeJS.WriteStream | WriteStream;
  /** Nobody reads the results any more (`| head`): the work is over, and nothing is wrong. */
  readonly outputClosed: boolean;
  /** Resolves when there is room for more. */
  writeResult(text: string): Promise<void>;
  /** One line for the user, after the program's name. */
  writeDiagnostic(message: string): void;
}

/** The process's own standard streams. */
export function processTerminal({ stdin, stdout, stderr }: NodeJS.Process): Terminal {
  let outputClosed = false;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    outputClosed = true;
    if (error.code !== 'EPIPE') stderr.write(`onnx-predict: the results could not be written (${error.code}).\n`);
  });
  // Where even stderr is closed there is nobody left to tell.
  stderr.on('error', () => {});
  return {
    stdin,
    stdout,
    stderr,
    get outputClosed() {
      return outputClosed;
    },
    writeResult: (text) => new Promise((resolve) => void stdout.write(text, () => resolve())),
    writeDiagnostic: (message) => void stderr.write(`onnx-predict: ${message}\n`),
  };
}
