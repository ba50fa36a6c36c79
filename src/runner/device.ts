import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { OnnxPredictError } from '../errors.ts';
import type { LocalModel } from '../protocol.ts';
import type { Device } from '../schemas.ts';
import type { OpenSession, TensorSession } from '../tasks/tensor-session.ts';
import { openSession, providers, type SessionOptions } from './session.ts';

/** The way to load graphs for a device. */
interface OnDevice {
  readonly openSession: OpenSession;
  /** What an operator should know once the graphs are loaded: at most one line. */
  readonly warnings: string[];
  /** The model without what is of no use on the device. */
  adapt<Model extends LocalModel>(model: Model): Model;
}

/** Where a device cannot be used, the processor is, and a warning says so. */
export function onDevice(device: Device): OnDevice {
  const provider = device === 'auto' ? automaticProvider() : device;
  const warnings: string[] = [];
  if (provider === 'cpu') return { openSession, warnings, adapt: (model) => model };
  return {
    warnings,
    // Prepared graphs are made for the processor.
    adapt: (model) => ('prepared' in model ? { ...model, prepared: null } : model),
    async openSession(path, options) {
      if (warnings.length > 0) return openSession(path, options);
      const failure = await tryProvider(provider, path, options);
      if (typeof failure !== 'string') return failure;
      // If the file is to blame, it fails here again.
      const session = await openSession(path, options);
      warnings.push(`the device ${provider} cannot be used, so the processor is: ${failure}`);
      return session;
    },
  };
}

/** The session, or why it cannot be had. */
async function tryProvider(provider: string, path: string, options: SessionOptions): Promise<TensorSession | string> {
  // What this build of ONNX Runtime does not know it would leave out in silence.
  if (!(await providers()).includes(provider)) return 'ONNX Runtime has no such provider on this system';
  try {
    return await openSession(path, { ...options, provider });
  } catch (error) {
    const reason = error instanceof OnnxPredictError && error.cause instanceof Error ? error.cause.message : String(error);
    return reason.split('\n', 1)[0]!.trim();
  }
}

/** CUDA where its part of ONNX Runtime is installed; other cards are rarely faster with graphs of changing sizes. */
function automaticProvider(): 'cuda' | 'cpu' {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const library = join(root, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so');
  return existsSync(library) ? 'cuda' : 'cpu';
}
