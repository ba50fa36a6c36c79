/** A process that tries graphs once: started by a preparer, which is its parent. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { reportError } from '../../errors.ts';
import type { ProbeAnswer, ProbeRequest } from './probe.ts';
import { probeClassifier } from './probe-classifier.ts';
import { probeSummarizer } from './probe-summarizer.ts';
import { readConfig } from './read-config.ts';

async function answer({ model, graphs }: ProbeRequest): Promise<ProbeAnswer> {
  const numThreads = availableParallelism();
  try {
    if (model.task === 'image-classification') return { rows: await probeClassifier(model, graphs, { numThreads }) };
    const config = await readConfig(model.files.config);
    return { rows: await probeSummarizer(model, graphs, { numThreads, config }) };
  } catch (error) {
    return { error: reportError(error) };
  }
}

process.on('SIGINT', () => {});
// This thread learns of its parent's end between two steps, and a graph may be made such that a step never ends.
new Worker(new URL('./watch-parent.js', import.meta.url), { workerData: process.ppid });
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', async (request: ProbeRequest) => {
  process.send?.(await answer(request));
});
