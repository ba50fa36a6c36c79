import { InvalidArgumentError } from 'commander';
import type { EarlyStopping } from '../schemas.ts';

/** Parses a flag's whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${min}.`);
  };
}

/** Parses a flag's number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number.');
}

/** Parses `true`, `false` or `never`. */
export function earlyStopping(text: string): EarlyStopping {
  if (text === 'never') return text;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('It must be true, false or never.');
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What Node's timers can hold. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Parses `500ms`, `30s`, `5m` or `1h`, and 0, to milliseconds. */
export function duration(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const milliseconds = text === '0' ? 0 : Math.round(Number(value) * UNIT_MS[unit ?? '']!);
  if (milliseconds <= MAX_DURATION_MS) return milliseconds;
  throw new InvalidArgumentError('It must be a duration of at most 24 days, as 500ms, 30s, 5m or 1h.');
}

/** Parses a duration, or `forever` to Infinity. */
export function durationOrForever(text: string): number {
  if (text === 'forever') return Infinity;
  if (text === '0' || /^\d/.test(text)) return duration(text);
  throw new InvalidArgumentError('It must be a duration, as 500ms, 30s, 5m or 1h, or forever.');
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Parses `4GB`, `512MiB` or a number of bytes. */
export function byteSize(text: string): number {
  const [, value, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmg]i?b)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(value) * UNIT_BYTES[unit.toLowerCase()]!);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('It must be a size, as 4GB, 512MiB or a number of bytes.');
}

const RATE_PERIOD_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Parses `10/s`, `60/m` or `1000/h`. */
export function rate(text: string): { readonly requests: number; readonly periodMs: number } {
  const [, count, unit = ''] = /^(\d{1,9})\/([smh])$/.exec(text) ?? [];
  const requests = Number(count);
  if (requests > 0) return { requests, periodMs: RATE_PERIOD_MS[unit]! };
  throw new InvalidArgumentError('It must be a number of requests per second, minute or hour, as 10/s, 60/m or 1000/h.');
}

/** Parses a port of TCP; 0 is any that is free. */
export function port(text: string): number {
  const value = Number(text);
  if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a port from 0 (any that is free) to 65535.');
}
