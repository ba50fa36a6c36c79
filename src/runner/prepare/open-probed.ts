import type { TensorSession } from '../../tasks/tensor-session.ts';
import { openSession } from '../session.ts';
import type { ProbedGraphs } from './probe.ts';

/** Loads a graph as it is tried: as ONNX Runtime saved it, or with such a save left behind. */
export function openProbed(
  path: string,
  { graphs, role, numThreads }: { readonly graphs: ProbedGraphs; readonly role: string; readonly numThreads: number },
): Promise<TensorSession> {
  return openSession(path, {
    numThreads,
    ...(graphs.kind === 'optimized' ? { optimized: true } : {}),
    ...(graphs.kind === 'graph' && graphs.saveTo !== undefined ? { saveTo: graphs.saveTo[role]! } : {}),
  });
}
