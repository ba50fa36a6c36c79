import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeDownload, describeWait, formatProgress, showDownloads } from '../../../src/cli/download-progress.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { createTransferMeter, formatSeconds } from '../../../src/cli/transfer-meter.ts';
import type { DownloadEvent, PreparationEvent } from '../../../src/schemas.ts';

describe('the rate of a transfer', () => {
  test('is unknown at first, and then that of the last seconds', () => {
    const measure = createTransferMeter();
    expect(measure(0, 10_000, 0)).toBeUndefined();
    expect(measure(1000, 10_000, 1000)).toEqual({ bytesPerSecond: 1000, secondsLeft: 9 });
    for (let second = 2; second <= 20; second++) measure(1000 + (second - 1) * 100, 10_000, second * 1000);
    expect(measure(3000, 10_000, 21_000)).toEqual({ bytesPerSecond: 100, secondsLeft: 70 });
  });

  test('is unknown while nothing comes', () => {
    const measure = createTransferMeter();
    measure(500, 1000, 0);
    expect(measure(500, 1000, 1000)).toBeUndefined();
    expect(measure(500, 1000, 1000)).toBeUndefined();
  });

  test.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [185, '3 min 5 s'],
    [7380, '2 h 3 min'],
    [-1, '0 s'],
  ])('leaves %d s, written %j', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('the line of a download', () => {
  const event = {
    type: 'progress',
    file: 'onnx/model.onnx',
    fileBytes: 6_800_000,
    fileSizeBytes: 15_000_000,
    receivedBytes: 7_500_000,
    missingBytes: 15_000_000,
    resumedBytes: 3_000_000,
  } as const;

  test('says file, bytes, resumed bytes, rate and time left', () => {
    expect(formatProgress(event, { bytesPerSecond: 2_100_000, secondsLeft: 3.6 }, 200)).toBe(
      'onnx/model.onnx  50%  7.5 MB of 15.0 MB  (3.0 MB resumed)  2.1 MB/s  4 s left',
    );
  });

  test('fits the terminal', () => {
    expect(formatProgress(event, undefined, 40)).toHaveLength(37);
  });

  test('shows no escape sequence of a repository', () => {
    expect(formatProgress({ ...event, file: 'a\u001b[2J' }, undefined, 200)).not.toContain('\u001b');
  });

  test('is preceded by what is about to come', () => {
    const start = {
      type: 'start',
      repository: 'Xenova/mit-b0',
      revision: 'a'.repeat(40),
      dtype: 'fp32',
      files: [{ path: 'config.json', sizeBytes: 1000 }],
      totalBytes: 15_000_000,
      missingBytes: 14_000_000,
      licence: 'other',
      upstream: 'nvidia/mit-b0',
    } as const;
    expect(describeDownload(start)).toBe(
      'Downloading Xenova/mit-b0@aaaaaaa (fp32): 1 file, 14.0 MB of 15.0 MB; licence: other; converted from nvidia/mit-b0',
    );
  });
});

describe('what is shown of a download', () => {
  const start: DownloadEvent = {
    type: 'start',
    repository: 'Xenova/mit-b0',
    revision: 'a'.repeat(40),
    dtype: 'fp32',
    files: [],
    totalBytes: 100,
    missingBytes: 100,
    licence: null,
    upstream: null,
  };
  const progress = (receivedBytes: number): DownloadEvent => {
    const file = { file: 'a.onnx', fileBytes: receivedBytes, fileSizeBytes: 100 };
    return { type: 'progress', ...file, receivedBytes, missingBytes: 100, resumedBytes: 0 };
  };
  const retry = (delayMs: number): DownloadEvent => {
    const error = { code: 'HUB_UNREACHABLE', message: 'The Hub is\u001b[2J busy.' } as const;
    return { type: 'waiting', reason: 'retry', delayMs, file: 'a.onnx', error };
  };
  const lock: DownloadEvent = { type: 'waiting', reason: 'lock', delayMs: null, file: 'a.onnx', error: null };

  const preparing = (stage: string | null, failure: string | null): PreparationEvent => {
    return { type: 'preparing', model: 't5\u001b', dtype: 'fp32', stage, failure };
  };

  /** A terminal, and what it and the spinner on it show. */
  function fakeTerminal({ isTTY, columns }: { isTTY: boolean; columns: number }) {
    const lines: string[] = [];
    let spinning = false;
    let line = '';
    const stderr = { isTTY, columns, hasColors: () => false, write: (text: string) => lines.push(text) };
    const terminal = { stderr, writeDiagnostic: (text: string) => lines.push(text) } as unknown as Terminal;
    const spinner = {
      get text() {
        return line;
      },
      set text(text: string) {
        line = text;
      },
      start: () => {
        spinning = true;
      },
      stop: () => {
        spinning = false;
      },
    };
    const shown = showDownloads(terminal, true, async () => spinner as never);
    return { shown, lines, spun: () => (spinning ? line : undefined) };
  }

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('on a terminal moves until the last byte is there, and again if it was the wrong one', async () => {
    const { shown, lines, spun } = fakeTerminal({ isTTY: true, columns: 80 });
    shown.onProgress?.(start);
    shown.onProgress?.(progress(50));
    await vi.advanceTimersByTimeAsync(1);
    expect(lines.join('')).toContain('Downloading Xenova/mit-b0');
    expect(spun()).toContain('50%');
    shown.onProgress?.(progress(100));
    expect(spun()).toBeUndefined();
    shown.onProgress?.(progress(10));
    await vi.advanceTimersByTimeAsync(1);
    expect(spun()).toContain('10%');
    shown.stop();
    expect(spun()).toBeUndefined();
  });

  test('on a terminal says why nothing arrives, also before it is known what there is', async () => {
    const { shown, spun } = fakeTerminal({ isTTY: true, columns: 200 });
    shown.onProgress?.(retry(1500));
    await vi.advanceTimersByTimeAsync(1);
    expect(spun()).toContain('Trying again in 2 s (a.onnx): The Hub is');
    expect(spun()).not.toContain('\u001b');
    shown.onProgress?.(lock);
    expect(spun()).toBe('Waiting for another download of a.onnx, by another process');
    shown.onProgress?.(progress(50));
    expect(spun()).toContain('50%');
  });

  test('on a terminal is of a preparation too, until it is over', async () => {
    const { shown, lines, spun } = fakeTerminal({ isTTY: true, columns: 80 });
    shown.onProgress?.(preparing('', null));
    await vi.advanceTimersByTimeAsync(1);
    expect(spun()).toBe('Preparing t5\\x1b for this machine, once');
    shown.onProgress?.(preparing('decoder', null));
    expect(spun()).toContain('once: decoder');
    shown.onProgress?.(preparing(null, null));
    expect([lines, spun()]).toEqual([[], undefined]);
  });

  test('does not begin for what is over before the spinner is there', async () => {
    const { shown, spun } = fakeTerminal({ isTTY: true, columns: 80 });
    shown.onProgress?.(start);
    shown.stop();
    await vi.advanceTimersByTimeAsync(1);
    expect(spun()).toBeUndefined();
  });

  describe.each([
    ['without a terminal', { isTTY: false, columns: 80 }],
    ['on a terminal of no columns', { isTTY: true, columns: 0 }],
  ])('%s', (_, stderr) => {
    test('is nothing while it goes well', async () => {
      const { shown, lines, spun } = fakeTerminal(stderr);
      for (const event of [start, lock, retry(4000), progress(50)]) shown.onProgress?.(event);
      await vi.advanceTimersByTimeAsync(60_000);
      expect([lines, spun()]).toEqual([[], undefined]);
    });

    test('is a line for a long wait, and not one for each', async () => {
      const { shown, lines } = fakeTerminal(stderr);
      for (const event of [lock, retry(7000), retry(9000)]) shown.onProgress?.(event);
      await vi.advanceTimersByTimeAsync(6000);
      expect(lines).toEqual([describeWait(retry(7000) as never), describeWait(lock as never)]);
    });

    test('is a line for a preparation that failed, and none for one that did not', () => {
      const { shown, lines } = fakeTerminal(stderr);
      for (const event of [preparing('', null), preparing(null, null)]) shown.onProgress?.(event);
      expect(lines).toEqual([]);
      shown.onProgress?.(preparing(null, 'no room'));
      expect(lines).toEqual(['t5\\x1b could not be prepared and runs as it is: no room']);
    });

    test('is nothing after the end', async () => {
      const { shown, lines } = fakeTerminal(stderr);
      shown.onProgress?.(lock);
      shown.stop();
      await vi.advanceTimersByTimeAsync(6000);
      expect(lines).toEqual([]);
    });
  });

  test('is nothing at all where that is asked for', () => {
    expect(showDownloads({ stderr: { isTTY: true, columns: 80 } } as never, false).onProgress).toBeUndefined();
  });
});
