import type { Logger } from '../../logger.ts';
import { jsonLine } from '../../printable-text.ts';
import type { AppLog } from './app-log.ts';
import type { LogLevel } from './log-line.ts';
import type { RequestRecord } from './request-record.ts';

/** Where a server's events and requests are written: one JSON object per line, and the application's log file if there is one. */
export interface ServerLog {
  readonly logger: Logger;
  readonly onRequest: (record: RequestRecord) => void;
}

export interface ServerLogOptions {
  /** Takes one line, its end included. */
  readonly writeLine: (line: string) => void;
  readonly appLog?: Pick<AppLog, 'write'> | undefined;
  readonly now?: () => Date;
}

export function createServerLog({ writeLine, appLog, now = () => new Date() }: ServerLogOptions): ServerLog {
  const writeJson = (level: LogLevel, fields: object) =>
    writeLine(`${jsonLine({ time: now().toISOString(), level, ...fields })}\n`);

  function log(level: LogLevel, message: string): void {
    writeJson(level, { message });
    appLog?.write(level, message);
  }

  return {
    logger: {
      debug() {},
      info: (message) => log('info', message),
      warn: (message) => log('warn', message),
    },
    onRequest(record) {
      const level = levelOf(record.status);
      writeJson(level, requestFields(record));
      appLog?.write(level, describeRequest(record));
    },
  };
}

/** Being full and being slow are for the operator to see; what a client did wrong, or that it left, is not. */
function levelOf(status: number): LogLevel {
  if (status === 503 || status === 429) return 'warn';
  return status >= 500 ? 'error' : 'info';
}

function requestFields(record: RequestRecord): object {
  return {
    request_id: record.requestId,
    method: record.method,
    route: record.route ?? record.path,
    status: record.status,
    duration_ms: round(record.durationMs),
    bytes_in: record.bytesIn,
    bytes_out: record.bytesOut,
    model: record.model,
    queue_ms: record.queueMs === null ? null : round(record.queueMs),
    client: record.client,
  };
}

function describeRequest({ requestId, method, route, path, status, durationMs, model, client }: RequestRecord): string {
  const what = method === '' ? 'no HTTP request' : `${method} ${route ?? path}`;
  const by = model === null ? '' : ` by ${model}`;
  return `${what} ${status}${by} in ${round(durationMs)} ms for ${client} (${requestId})`;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
