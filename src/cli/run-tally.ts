import { formatSeconds } from './transfer-meter.ts';

/** What became of the inputs of a run. */
export interface RunTally {
  answered: number;
  failed: number;
  /** Answered by an earlier run. */
  readonly skipped: number;
}

/** `163 answered, 2 failed, 35 skipped in 14 s`. */
export function describeTally({ answered, failed, skipped }: RunTally, elapsedMs: number): string {
  const parts = [
    `${answered} answered`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return `${parts.join(', ')} in ${formatSeconds(elapsedMs / 1000)}`;
}
