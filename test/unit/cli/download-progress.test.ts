import { describe, expect, test } from 'vitest';
import { describeDownload, formatProgress } from '../../../src/cli/download-progress.ts';
import { createTransferMeter, formatSeconds } from '../../../src/cli/transfer-meter.ts';

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
