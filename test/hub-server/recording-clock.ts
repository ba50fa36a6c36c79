import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/disk/clock.ts';

/** A clock whose sleeps are over at once, and which tells how long they should have been. */
export function recordingClock(): Clock & { readonly delaysMs: number[] } {
  const delaysMs: number[] = [];
  return {
    delaysMs,
    now: () => Date.now(),
    async sleep(delayMs, signal) {
      signal?.throwIfAborted();
      delaysMs.push(delayMs);
      await setImmediate();
    },
  };
}
