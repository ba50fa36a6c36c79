import type { Ora } from 'ora';
import { formatBytes } from '../format-bytes.ts';
import type { DownloadEvent } from '../schemas.ts';
import type { Terminal } from './terminal.ts';
import { printable } from './terminal-text.ts';
import { createTransferMeter, formatSeconds, type TransferRate } from './transfer-meter.ts';

/** Shows downloads on a terminal. */
export interface DownloadProgress {
  /** Undefined where nothing is to be shown. */
  readonly onProgress: ((event: DownloadEvent) => void) | undefined;
  /** Clears the line and shows the cursor again. */
  stop(): void;
}

type ProgressEvent = Extract<DownloadEvent, { type: 'progress' }>;

/** A line on stderr that lives while a model is fetched: none without a terminal. */
export function showDownloads({ stderr }: Terminal, enabled: boolean): DownloadProgress {
  let spinner: Ora | undefined;
  let stopped = false;
  let text = '';
  if (!enabled || stderr.isTTY !== true) return { onProgress: undefined, stop() {} };
  const measure = createTransferMeter();

  async function start(): Promise<void> {
    const { default: ora } = await import('ora');
    if (stopped) return;
    // Ctrl-C must stay a signal, and what is typed for the next command must stay.
    spinner = ora({ stream: stderr, discardStdin: false, color: stderr.hasColors() ? 'cyan' : false, text }).start();
  }

  return {
    onProgress(event) {
      if (event.type === 'start') {
        stderr.write(`${describeDownload(event)}\n`);
        void start();
        return;
      }
      // What is resumed did not come at any speed.
      const fresh = event.receivedBytes - event.resumedBytes;
      text = formatProgress(event, measure(fresh, event.missingBytes - event.resumedBytes, performance.now()), stderr.columns);
      if (spinner !== undefined) spinner.text = text;
    },
    stop() {
      stopped = true;
      spinner?.stop();
    },
  };
}

/** What is about to be fetched: size, licence, origin. */
export function describeDownload(event: Extract<DownloadEvent, { type: 'start' }>): string {
  const { repository, revision, dtype, files, missingBytes, totalBytes, licence, upstream } = event;
  const size =
    missingBytes === totalBytes ? formatBytes(totalBytes) : `${formatBytes(missingBytes)} of ${formatBytes(totalBytes)}`;
  const origin = upstream === null ? '' : `; converted from ${upstream}`;
  return printable(
    `Downloading ${repository}@${revision.slice(0, 7)} (${dtype}): ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${size}; licence: ${licence ?? 'not stated'}${origin}`,
  );
}

/** One line, no wider than the terminal. */
export function formatProgress(event: ProgressEvent, rate: TransferRate | undefined, columns: number): string {
  const { file, receivedBytes, missingBytes, resumedBytes } = event;
  const percent = missingBytes === 0 ? 100 : Math.floor((100 * receivedBytes) / missingBytes);
  const parts = [
    printable(file),
    `${percent}%`,
    `${formatBytes(receivedBytes)} of ${formatBytes(missingBytes)}`,
    ...(resumedBytes > 0 ? [`(${formatBytes(resumedBytes)} resumed)`] : []),
    ...(rate === undefined
      ? []
      : [`${formatBytes(Math.round(rate.bytesPerSecond))}/s`, `${formatSeconds(rate.secondsLeft)} left`]),
  ];
  // Ora puts its spinner and a space in front.
  return parts.join('  ').slice(0, Math.max(20, columns - 3));
}
