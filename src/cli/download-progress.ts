import type { Ora } from 'ora';
import { formatBytes } from '../format-bytes.ts';
import { printable } from '../printable-text.ts';
import type { DownloadEvent, LoadEvent, PreparationEvent } from '../schemas.ts';
import type { Terminal } from './terminal.ts';
import { createTransferMeter, formatSeconds, type TransferRate } from './transfer-meter.ts';

/** Shows downloads and preparations on a terminal. */
export interface DownloadProgress {
  /** Undefined where nothing is to be shown. */
  readonly onProgress: ((event: LoadEvent) => void) | undefined;
  /** Clears the line and shows the cursor again. */
  stop(): void;
}

/** What is used of ora. */
type Spinner = Pick<Ora, 'text' | 'start' | 'stop'>;
type LoadSpinner = (stream: Terminal['stderr']) => Promise<Spinner>;
type ProgressEvent = Extract<DownloadEvent, { type: 'progress' }>;
type WaitingEvent = Extract<DownloadEvent, { type: 'waiting' }>;

/** Waits that are shorter than this are no news to who reads a log. */
const LONG_WAIT_MS = 5000;

/** A line on stderr that lives while a model is fetched or prepared; without a terminal a line for each kind of long wait, and no other. */
export function showDownloads(terminal: Terminal, enabled: boolean, loadSpinner: LoadSpinner = loadOra): DownloadProgress {
  const { isTTY, columns } = terminal.stderr;
  if (!enabled) return { onProgress: undefined, stop() {} };
  // Ora wraps lines for ever at no columns.
  return isTTY === true && columns > 0 ? showSpinner(terminal, loadSpinner) : logLongWaits(terminal);
}

async function loadOra(stream: Terminal['stderr']): Promise<Ora> {
  const { default: ora } = await import('ora');
  // Ctrl-C must stay a signal, and what is typed for the next command must stay.
  return ora({ stream, discardStdin: false, color: stream.hasColors() ? 'cyan' : false });
}

function showSpinner({ stderr, writeDiagnostic }: Terminal, loadSpinner: LoadSpinner): DownloadProgress {
  const measure = createTransferMeter();
  let loading: ReturnType<LoadSpinner> | undefined;
  let spinner: Spinner | undefined;
  let wanted = false;
  let text = '';

  async function start(): Promise<void> {
    wanted = true;
    loading ??= loadSpinner(stderr);
    spinner = await loading;
    if (!wanted) return;
    spinner.text = text;
    spinner.start();
  }

  function show(line: string): void {
    text = line;
    if (!wanted) void start();
    else if (spinner !== undefined) spinner.text = line;
  }

  function stop(): void {
    wanted = false;
    spinner?.stop();
  }

  return {
    onProgress(event) {
      if (event.type === 'start') {
        stop();
        stderr.write(`${describeDownload(event)}\n`);
        show('');
      } else if (event.type === 'preparing') {
        if (event.stage === null) stop();
        else show(describePreparation(event).slice(0, lineWidth(stderr.columns)));
        tellFailure(event, writeDiagnostic);
      } else if (event.type === 'waiting') {
        show(describeWait(event).slice(0, lineWidth(stderr.columns)));
      } else if (event.receivedBytes >= event.missingBytes) {
        // What is done after the last byte, and what the command does with the model, is no download.
        stop();
      } else {
        // What is resumed did not come at any speed.
        const fresh = event.receivedBytes - event.resumedBytes;
        show(formatProgress(event, measure(fresh, event.missingBytes - event.resumedBytes, performance.now()), stderr.columns));
      }
    },
    stop,
  };
}

function logLongWaits({ writeDiagnostic }: Terminal): DownloadProgress {
  const told = new Set<string>();
  const timers = new Map<string | null, NodeJS.Timeout>();

  function tell(event: WaitingEvent): void {
    // Several files wait for the same thing.
    if (told.has(event.reason)) return;
    told.add(event.reason);
    writeDiagnostic(describeWait(event));
  }

  return {
    onProgress(event) {
      if (event.type === 'waiting' && event.delayMs === null) {
        timers.set(event.file, setTimeout(tell, LONG_WAIT_MS, event).unref());
      } else if (event.type === 'waiting') {
        if (event.delayMs !== null && event.delayMs >= LONG_WAIT_MS) tell(event);
      } else if (event.type === 'progress') {
        clearTimeout(timers.get(event.file));
      } else if (event.type === 'preparing') {
        tellFailure(event, writeDiagnostic);
      }
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/** What is done while nothing is answered yet. */
function describePreparation({ model, stage }: PreparationEvent): string {
  return printable(`Preparing ${model} for this machine, once${stage === null || stage === '' ? '' : `: ${stage}`}`);
}

function tellFailure({ model, failure }: PreparationEvent, writeDiagnostic: Terminal['writeDiagnostic']): void {
  if (failure !== null) writeDiagnostic(printable(`${model} could not be prepared and runs as it is: ${failure}`));
}

/** Why nothing arrives. */
export function describeWait({ reason, delayMs, file, error }: WaitingEvent): string {
  const what = file === null ? 'the list of files' : printable(file);
  if (reason === 'lock' || delayMs === null) return `Waiting for another download of ${what}, by another process`;
  return `Trying again in ${formatSeconds(delayMs / 1000)} (${what}): ${printable(error?.message ?? 'it failed')}`;
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
  return parts.join('  ').slice(0, lineWidth(columns));
}

/** Ora puts its spinner and a space in front. */
function lineWidth(columns: number): number {
  return Math.max(20, columns - 3);
}
