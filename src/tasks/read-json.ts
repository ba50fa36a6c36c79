import { open } from 'node:fs/promises';
import { OnnxPredictError } from '../errors.ts';

/**
 * Reads a JSON file of a model folder, at most `maxBytes` of it.
 * @throws OnnxPredictError MODEL_INVALID if it is larger, unreadable or not JSON
 */
export async function readJson(path: string, maxBytes: number): Promise<unknown> {
  const text = await readBounded(path, maxBytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OnnxPredictError('MODEL_INVALID', `${path} is not valid JSON; fetch the model again.`, { cause: error });
  }
}

async function readBounded(path: string, maxBytes: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > maxBytes) throw new OnnxPredictError('MODEL_INVALID', `${path} is ${size} bytes; at most ${maxBytes} are read.`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof OnnxPredictError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OnnxPredictError('MODEL_INVALID', `${path} cannot be read (${code}).`, { cause: error });
  }
}
