import type { Clock } from '../disk/clock.ts';
import type { OnnxPredictError } from '../errors.ts';

const MAX_RETRIES = 5;
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
/** A server that asks to wait longer than this has, for a user at a terminal, refused. */
const MAX_RETRY_AFTER_MS = 120_000;
/** Against a server that gives a byte at a time and then cuts the connection, for ever. */
const MAX_PAUSES = 1000;

/** What decides how long to wait before an attempt, and when to give up. */
export interface RetryContext {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly onRetry?: ((failure: OnnxPredictError, delayMs: number) => void) | undefined;
}

/** The retries of one request or of one file. */
export interface Retries {
  /**
   * Waits before the next attempt.
   * @throws `failure` where there should be none; the signal's reason once it is aborted
   */
  pause(failure: OnnxPredictError, retryAfterMs?: number): Promise<void>;
  /** Something arrived: the next failure counts as the first again. */
  reset(): void;
}

/** Exponential backoff with jitter, or what the server's Retry-After asks for if that is longer. */
export function createRetries({ clock, random, signal, onRetry }: RetryContext): Retries {
  let numFailures = 0;
  let numPauses = 0;
  return {
    async pause(failure, retryAfterMs = 0) {
      if (numFailures >= MAX_RETRIES || numPauses >= MAX_PAUSES || retryAfterMs > MAX_RETRY_AFTER_MS) throw failure;
      const delayMs = Math.max(retryAfterMs, backoffMs(numFailures, random()));
      numFailures += 1;
      numPauses += 1;
      onRetry?.(failure, delayMs);
      await clock.sleep(delayMs, signal);
    },
    reset() {
      numFailures = 0;
    },
  };
}

/** Half of the delay is certain, half is chance, so that many clients do not come back at once. */
export function backoffMs(numFailures: number, chance: number): number {
  return Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** numFailures) * (0.5 + chance / 2);
}

/** The milliseconds that a Retry-After header asks for: seconds or a date. 0 if there is none that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const text = header.trim();
  // Date.parse takes much for a date that is none.
  const dateMs = text.endsWith('GMT') ? Date.parse(text) : Number.NaN;
  const delayMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : dateMs - nowMs;
  return Number.isFinite(delayMs) ? Math.max(0, delayMs) : 0;
}
