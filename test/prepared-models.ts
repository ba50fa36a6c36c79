import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalClassifier, LocalModel, PreparableModel } from '../src/protocol.ts';
import type { ConnectRunner } from '../src/runtime/runner-connection.ts';

/** More than what is worth being prepared. */
export const GRAPH_BYTES = 9 * 1024 * 1024;

/** Makes a folder that holds what a classifier needs, of zeros, in these dtypes' files. */
export async function makeModelFolder(folder: string, graphs: readonly string[] = ['model.onnx']): Promise<string> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  for (const name of ['config.json', 'preprocessor_config.json']) await writeFile(join(folder, name), '{}');
  for (const graph of graphs) {
    const path = join(folder, 'onnx', graph);
    await writeFile(path, '');
    // A hole: nothing is written.
    await truncate(path, GRAPH_BYTES);
  }
  return folder;
}

/** The classifier in such a folder. */
export function classifierIn(folder: string, id = 'fake'): LocalClassifier {
  return {
    task: 'image-classification',
    identity: { id, revision: null, dtype: 'fp32' },
    files: {
      config: join(folder, 'config.json'),
      preprocessorConfig: join(folder, 'preprocessor_config.json'),
      model: join(folder, 'onnx', 'model.onnx'),
    },
    prepared: null,
    quantize: false,
  };
}

/**
 * Runners that load nothing and answer the same to every picture.
 * @param loadAs how the load of a model ends
 * @param loaded gets every model that was to be loaded
 */
export function fakeRunners(
  loaded: LocalModel[],
  loadAs: (model: PreparableModel) => 'well' | 'crash' | 'invalid',
): ConnectRunner {
  return (events) => ({
    send(message) {
      if (message.type === 'load' && message.model.task !== 'tokenization') {
        loaded.push(message.model);
        const end = loadAs(message.model);
        queueMicrotask(() => {
          if (end === 'well') events.onMessage({ type: 'loaded', warnings: [], numBeams: 1, memoryBytes: 1 });
          else if (end === 'crash') events.onExit({ started: true, reason: 'signal SIGSEGV', signal: 'SIGSEGV' });
          else events.onMessage({ type: 'load-failed', error: { code: 'MODEL_INVALID', message: 'it cannot be loaded' } });
        });
      } else if (message.type === 'run') {
        for (const { id } of message.requests) {
          const timings = { preprocessMs: 1, inferenceMs: 1 };
          const answer = { task: 'image-classification', classLabel: 'ship', score: 1, top: [], timings } as const;
          queueMicrotask(() => events.onMessage({ type: 'result', id, answer, memoryBytes: 1 }));
        }
      }
    },
    setBusy() {},
    kill() {},
    async close() {},
  });
}
