import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { backoffMs, createRetries, retryAfterMs } from '../../../src/hub/retries.ts';
import { recordingClock } from '../../hub-server/recording-clock.ts';

const FAILURE = new OnnxPredictError('HUB_UNREACHABLE', 'no answer');

describe('the delay before the next attempt', () => {
  test('doubles, up to a limit, and half of it is chance', () => {
    expect([0, 1, 2, 3, 9].map((numFailures) => backoffMs(numFailures, 1))).toEqual([500, 1000, 2000, 4000, 20_000]);
    expect([0, 0.5, 1].map((chance) => backoffMs(0, chance))).toEqual([250, 375, 500]);
  });

  test.each([
    ['3', 3000],
    [' 0.5 ', 500],
    ['Thu, 01 Jan 1970 00:00:20 GMT', 10_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['soon', 0],
    ['-5', 0],
    [null, 0],
  ])('that Retry-After %j asks for is understood', (header, delayMs) => {
    expect(retryAfterMs(header, 10_000)).toBe(delayMs);
  });
});

describe('retries', () => {
  const signal = new AbortController().signal;

  test('end with the failure after five of them in a row', async () => {
    const clock = recordingClock();
    const retries = createRetries({ clock, random: () => 1, signal });
    for (let attempt = 0; attempt < 5; attempt++) await retries.pause(FAILURE);
    await expect(retries.pause(FAILURE)).rejects.toBe(FAILURE);
    expect(clock.delaysMs).toEqual([500, 1000, 2000, 4000, 8000]);
  });

  test('begin anew after a success', async () => {
    const clock = recordingClock();
    const retries = createRetries({ clock, random: () => 1, signal });
    await retries.pause(FAILURE);
    retries.reset();
    await retries.pause(FAILURE);
    expect(clock.delaysMs).toEqual([500, 500]);
  });

  test('wait as long as the server asks, but not for hours', async () => {
    const clock = recordingClock();
    const retries = createRetries({ clock, random: () => 1, signal });
    await retries.pause(FAILURE, 60_000);
    expect(clock.delaysMs).toEqual([60_000]);
    await expect(retries.pause(FAILURE, 3_600_000)).rejects.toBe(FAILURE);
  });
});
