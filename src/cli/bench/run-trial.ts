import type { Engine } from '../../engine.ts';
import type { Dtype, Task } from '../../schemas.ts';
import type { Trial, TrialResult } from './trials.ts';

/** What is measured. */
export interface Subject {
  readonly task: Task;
  readonly model: string;
  readonly dtype: Dtype;
  readonly revision?: string;
  readonly picture: Uint8Array;
  readonly text: string;
}

/**
 * Asks a loaded model for as long as there is time, and at least once.
 * @throws what the model failed with; the signal's reason
 */
export async function runTrial(
  engine: Pick<Engine, 'classifyAll' | 'summarizeAll'>,
  subject: Subject,
  {
    trial,
    budgetMs,
    signal,
    now = () => performance.now(),
  }: { readonly trial: Trial; readonly budgetMs: number; readonly signal: AbortSignal; readonly now?: () => number },
): Promise<TrialResult> {
  const latencies: number[] = [];
  const startedAtMs = now();
  let endedAtMs = startedAtMs;
  do {
    const beganAtMs = endedAtMs;
    await ask(engine, subject, trial.batch, signal);
    endedAtMs = now();
    latencies.push(endedAtMs - beganAtMs);
  } while (endedAtMs - startedAtMs < budgetMs);
  const perSecond = (latencies.length * trial.batch * 1000) / (endedAtMs - startedAtMs);
  return { ...trial, perSecond, latencyMs: median(latencies), numRuns: latencies.length };
}

async function ask(
  engine: Pick<Engine, 'classifyAll' | 'summarizeAll'>,
  { task, model, dtype, revision, picture, text }: Subject,
  batch: number,
  signal: AbortSignal,
): Promise<void> {
  const options = { model, dtype, signal, ...(revision === undefined ? {} : { revision }) };
  const outcomes =
    task === 'summarization'
      ? await engine.summarizeAll(Array<string>(batch).fill(text), options)
      : await engine.classifyAll(Array<Uint8Array>(batch).fill(picture), options);
  for (const outcome of outcomes) if ('error' in outcome) throw outcome.error;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
