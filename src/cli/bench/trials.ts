/** One way to run a model. */
export interface Trial {
  readonly threads: number;
  /** How many inputs are asked together. */
  readonly batch: number;
}

/** What a trial gave. */
export interface TrialResult extends Trial {
  readonly perSecond: number;
  /** From asking to the last answer of a batch: the median. */
  readonly latencyMs: number;
  readonly numRuns: number;
}

const BATCHES = [1, 2, 4, 8] as const;
/** What requests may name without an --alias. */
export const SERVED_NAMES: readonly string[] = ['mit-b0', 't5', 'bart', 'tiny'];
/** Less than this is noise of a short measurement. */
const WORTH = 0.05;

/** The thread counts that are worth trying: powers of two, and all. */
export function threadCounts(available: number): readonly number[] {
  const counts = [available];
  for (let count = 1; count < available; count *= 2) counts.push(count);
  return counts.sort((a, b) => b - a);
}

/** All trials, those first whose results matter most where time runs out. */
export function planTrials(available: number): readonly Trial[] {
  return threadCounts(available).flatMap((threads) => BATCHES.map((batch) => ({ threads, batch })));
}

/** The one that answers most: of several that are about as good the one with the fewest threads, and then the smallest batch. */
export function chooseBest(results: readonly TrialResult[]): TrialResult | undefined {
  const most = Math.max(...results.map(({ perSecond }) => perSecond));
  const good = results.filter(({ perSecond }) => perSecond >= most * (1 - WORTH));
  return good.sort((a, b) => a.threads - b.threads || a.batch - b.batch)[0];
}

/** The command that serves a model so. */
export function serveLine(
  { model, dtype, available }: { readonly model: string; readonly dtype: string; readonly available: number },
  { threads }: Trial,
): string {
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(model) ? model : 'bench';
  return [
    'onnx-predict serve',
    ...(SERVED_NAMES.includes(name) ? [] : [`--alias ${name}=${quote(model)}`]),
    `--preload ${name}`,
    ...(dtype === 'fp32' ? [] : [`--dtype ${dtype}`]),
    ...(threads === available ? [] : [`--threads ${threads}`]),
  ].join(' ');
}

function quote(text: string): string {
  return /^[\w@./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
