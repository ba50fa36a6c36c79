import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';

/** A graph without its weights is far smaller than this; larger ones hold theirs. */
const MAX_BARE_GRAPH_BYTES = 8 * 1024 * 1024;

/** Whether the ONNX file at `path` names a file of weights beside it: of a cache that another program filled, only it can tell. */
export async function needsExternalData(path: string): Promise<boolean> {
  const { size } = await stat(path);
  if (size > MAX_BARE_GRAPH_BYTES) return false;
  return (await readFile(path)).includes(`${basename(path)}_data`);
}
