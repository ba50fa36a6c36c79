import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { formatLogLine, type LogLevel } from './log-line.ts';

export interface AppLogOptions {
  readonly path: string;
  /** A file of this size is put aside as `PATH.1`, the one before as `PATH.2`, and so on. Default 10 MiB. */
  readonly maxFileBytes?: number;
  /** How many are kept beside the one that is written. Default 5. */
  readonly maxOldFiles?: number;
  /** Told, once until it works again, that lines are lost. */
  readonly onFailure: (message: string) => void;
  readonly now?: () => Date;
}

/** A log file that can be lost without harm to the server: lines wait in memory only as far as that is bounded. */
export interface AppLog {
  write(level: LogLevel, message: string): void;
  /** Resolves when what was written is in the file, or cannot be. */
  close(): Promise<void>;
}

const DEFAULT_MAX_FILE_BYTES = 10 * 1024 * 1024;
const DEFAULT_MAX_OLD_FILES = 5;
/** Lines that wait for a disk that has stopped. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** After a failure the file is tried again, and at times it is looked whether it is still there. */
const RETRY_MS = 30_000;
const LOOK_MS = 5000;
const CLOSE_TIMEOUT_MS = 1000;

/** Opens `path` at the first line. */
export function createAppLog(options: AppLogOptions): AppLog {
  const { path, onFailure, now = () => new Date() } = options;
  const { maxFileBytes = DEFAULT_MAX_FILE_BYTES, maxOldFiles = DEFAULT_MAX_OLD_FILES } = options;
  let stream: RotatingFileStream | undefined;
  let failedAtMs = -Infinity;
  let lookedAtMs = -Infinity;
  let failing = false;

  function open(): RotatingFileStream {
    const opened = createStream(path, { size: `${maxFileBytes}B`, rotate: maxOldFiles });
    opened.on('error', (error: NodeJS.ErrnoException) => {
      if (stream === opened) stream = undefined;
      failedAtMs = now().getTime();
      if (!failing) onFailure(`${path} cannot be written (${error.code ?? error.message}); lines for it are lost until it can`);
      failing = true;
    });
    lookedAtMs = now().getTime();
    return opened;
  }

  /** What is written to a file without a name is lost. */
  async function reopenIfRemoved(): Promise<void> {
    const looked = stream;
    const error: NodeJS.ErrnoException | undefined = await stat(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    if (error?.code !== 'ENOENT' || stream !== looked) return;
    stream?.end();
    stream = undefined;
  }

  return {
    write(level, message) {
      const date = now();
      if (stream === undefined && date.getTime() - failedAtMs < RETRY_MS) return;
      stream ??= open();
      if (stream.writableLength > MAX_PENDING_BYTES) return;
      stream.write(`${formatLogLine(date, level, message)}\n`, (error) => {
        if (error == null) failing = false;
      });
      if (date.getTime() - lookedAtMs < LOOK_MS) return;
      lookedAtMs = date.getTime();
      void reopenIfRemoved();
    },
    async close() {
      const closing = stream;
      if (closing === undefined || closing.destroyed) return;
      const closed = new Promise<void>((resolve) => closing.once('close', () => resolve()));
      closing.end();
      await Promise.race([closed, delay(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}
