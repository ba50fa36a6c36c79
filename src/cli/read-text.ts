import { open } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';
import { inputFailure } from '../input-failure.ts';
import { MAX_TEXT_BYTES } from '../limits.ts';
import { STDIN } from './expand-inputs.ts';
import { isAddress } from './fetch-picture.ts';
import { readPipe } from './read-pipe.ts';
import type { Terminal } from './terminal.ts';

/**
 * Reads a text, from a file or from standard input. A byte order mark is no part of it.
 * @throws OnnxPredictError INPUT_NOT_FOUND, INPUT_UNREADABLE, TEXT_INVALID, TEXT_TOO_LONG
 */
export async function readText(
  file: string,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<string> {
  if (isAddress(file)) {
    const message = `Addresses are fetched for pictures alone. Read it yourself: curl -s ${file} | onnx-predict summarize`;
    throw new OnnxPredictError('INVALID_ARGUMENT', message);
  }
  const limit = { maxBytes: MAX_TEXT_BYTES, noun: 'text that can be read here' };
  const bytes = file === STDIN ? await readPipe(terminal.stdin, limit, signal) : await readTextFile(file);
  const name = file === STDIN ? 'Standard input' : file;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new OnnxPredictError('TEXT_INVALID', `${name} is no text in UTF-8; convert it (iconv -t UTF-8).`, { cause: error });
  }
}

async function readTextFile(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    if (stats.isDirectory()) throw new OnnxPredictError('INPUT_UNREADABLE', `${path} is a folder.`);
    if (stats.size > MAX_TEXT_BYTES) {
      const message = `${path} has ${stats.size} bytes; at most ${MAX_TEXT_BYTES} are read. Split it.`;
      throw new OnnxPredictError('TEXT_TOO_LONG', message);
    }
    return await file.readFile();
  } catch (error) {
    throw inputFailure(error, path);
  }
}
