import { printable } from '../../printable-text.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** The names of Python's logging. */
const LEVEL_NAMES: Readonly<Record<LogLevel, string>> = { info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/** A line as Python's logging writes it by `%(asctime)s - %(levelname)s - %(message)s`: local time, milliseconds after a comma. */
export function formatLogLine(date: Date, level: LogLevel, message: string): string {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(':');
  return `${day} ${time},${pad(date.getMilliseconds(), 3)} - ${LEVEL_NAMES[level]} - ${printable(message)}`;
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, '0');
}
