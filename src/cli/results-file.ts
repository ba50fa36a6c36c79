import { type FileHandle, open } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { jsonLine } from '../printable-text.ts';
import { STDIN } from './expand-inputs.ts';

/** A file of results, one JSON object per line, that a later run can go on with. */
export interface ResultsFile extends AsyncDisposable {
  readonly path: string;
  /** Whether an earlier run answered this input. */
  has(file: string): boolean;
  /** Adds a line, whole or not at all. */
  append(result: object): Promise<void>;
}

/** What a line says that matters here. */
interface Line {
  readonly file?: unknown;
  readonly error?: unknown;
  readonly model?: unknown;
}

/**
 * Opens a file for results. One that has some is gone on with only if that is asked for; what a broken end left of a line is cut
 * off.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export async function openResultsFile(path: string, { resume }: { readonly resume: boolean }): Promise<ResultsFile> {
  const file = await openForAppending(path);
  try {
    const { lines, repair } = splitLines(await file.readFile());
    if (!resume && lines.length + repair.cutBytes > 0) {
      throw invalid(`${path} holds results already: add --resume to go on with them, or name another file`);
    }
    const answered = lines.map((line, i) => parseLine(line, `${path}, line ${i + 1},`)).filter(isAnswer);
    if (repair.cutBytes > 0) await file.truncate((await file.stat()).size - repair.cutBytes);
    if (repair.lineEnd) await file.appendFile('\n');
    return createResultsFile(path, file, answered);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function createResultsFile(path: string, file: FileHandle, answered: readonly Line[]): ResultsFile {
  const done = new Set(answered.map(({ file }) => file));
  let model = answered.at(-1)?.model;
  return {
    path,
    has: (name) => name !== STDIN && done.has(name),
    async append(result) {
      if (isAnswer(result)) model = checkModel((result as Line).model, model, path);
      // One write to the end of the file: a reader, or a run that is killed, sees whole lines.
      const bytes = Buffer.from(`${jsonLine(result)}\n`);
      const { bytesWritten } = await file.write(bytes).catch((error: unknown) => {
        throw unwritable(path, (error as NodeJS.ErrnoException).code, error);
      });
      if (bytesWritten < bytes.length) throw unwritable(path, 'ENOSPC');
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function openForAppending(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a+');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError('INVALID_ARGUMENT', `${path} cannot be written (${code}); name another file.`, { cause: error });
  }
}

/** What a line is: its end is there, or it is JSON all the same. */
function splitLines(bytes: Buffer): {
  readonly lines: readonly string[];
  readonly repair: { readonly cutBytes: number; readonly lineEnd: boolean };
} {
  const end = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  const rest = bytes.subarray(end);
  if (rest.length === 0) return { lines, repair: { cutBytes: 0, lineEnd: false } };
  const text = rest.toString('utf8');
  if (isJson(text)) return { lines: [...lines, text], repair: { cutBytes: 0, lineEnd: true } };
  return { lines, repair: { cutBytes: rest.length, lineEnd: false } };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

/** @throws OnnxPredictError INVALID_ARGUMENT: such a file is no result of ours, and nothing is added to it */
function parseLine(line: string, where: string): Line {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'file' in value) return value;
  } catch {
    // As below.
  }
  throw invalid(`${where} is no result of onnx-predict; name another file`);
}

function isAnswer(line: Line): boolean {
  return line.error === undefined;
}

/** Results of two models in one file would look like those of one. */
function checkModel(model: unknown, earlier: unknown, path: string): unknown {
  if (earlier === undefined || JSON.stringify(earlier) === JSON.stringify(model)) return model;
  throw invalid(
    `${path} holds results of the model ${JSON.stringify(earlier)}, and these are of ${JSON.stringify(model)}; name another file`,
  );
}

function unwritable(path: string, code: string | undefined, cause?: unknown): OnnxPredictError {
  const message = `The results could not be written to ${path} (${code ?? 'unknown error'}). Make room, and go on with --resume.`;
  return new OnnxPredictError('INTERNAL', message, { cause });
}

function invalid(message: string): OnnxPredictError {
  return new OnnxPredictError('INVALID_ARGUMENT', `${message}.`);
}
