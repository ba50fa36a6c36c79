import { printable } from '../printable-text.ts';
import type { Terminal } from './terminal.ts';
import { createTransferMeter, formatSeconds, type TransferRate } from './transfer-meter.ts';

/** A line on stderr that says how far a run over many inputs is. */
export interface RunProgress {
  /** One more is done. */
  advance(file: string): void;
  /** Erases the line, for another one in its place. */
  clear(): void;
}

const ERASE_LINE = '\r\u001b[K';
/** Faster than this nobody reads. */
const INTERVAL_MS = 100;

/** The line appears on a terminal only. */
export function showRun(
  { stderr }: Terminal,
  {
    total,
    unit,
    enabled,
    now = () => performance.now(),
  }: {
    readonly total: number;
    readonly unit: string;
    readonly enabled: boolean;
    readonly now?: () => number;
  },
): RunProgress {
  const visible = enabled && stderr.isTTY === true && stderr.columns > 0;
  const measure = createTransferMeter();
  let numDone = 0;
  let shownAtMs = -Infinity;
  let shown = false;
  return {
    advance(file) {
      numDone++;
      const nowMs = now();
      const rate = measure(numDone, total, nowMs);
      if (!visible || numDone === total || nowMs - shownAtMs < INTERVAL_MS) return;
      shownAtMs = nowMs;
      shown = true;
      stderr.write(`${ERASE_LINE}${formatRun({ numDone, total, unit, file, rate }, stderr.columns - 1)}`);
    },
    clear() {
      if (shown) stderr.write(ERASE_LINE);
      shown = false;
    },
  };
}

/** One line, no wider than `columns`. */
export function formatRun(
  {
    numDone,
    total,
    unit,
    file,
    rate,
  }: {
    readonly numDone: number;
    readonly total: number;
    readonly unit: string;
    readonly file: string;
    readonly rate: TransferRate | undefined;
  },
  columns: number,
): string {
  const speed =
    rate === undefined ? '' : `  ${formatRate(rate.bytesPerSecond)} ${unit}/s, ${formatSeconds(rate.secondsLeft)} left`;
  const characters = [...`${numDone}/${total}${speed}  ${printable(file)}`];
  return characters.length <= columns ? characters.join('') : `${characters.slice(0, columns - 1).join('')}…`;
}

function formatRate(perSecond: number): string {
  return perSecond >= 10 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
