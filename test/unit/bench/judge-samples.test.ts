import { describe, expect, test } from 'vitest';
import { judgeSamples } from '../../../bench/judge-samples.js';

const MB = 1e6;
const LIMITS = { toleranceBytes: 16 * MB };

/** One sample a minute, with these megabytes. */
function samples(...megabytes: number[]) {
  return megabytes.map((size, index) => ({
    minute: index + 1,
    serverBytes: size * MB,
    numDescriptors: 20,
    numRunners: 0,
    numTemporaryFiles: 0,
  }));
}

describe('what a server holds while it rests', () => {
  test('may grow in the first two minutes, and a little later on', () => {
    expect(judgeSamples(samples(80, 140, 150, 148, 155, 160), LIMITS)).toEqual({ faults: [], growthBytes: 8.5 * MB });
  });

  test('may not grow by more than is tolerated', () => {
    const { faults } = judgeSamples(samples(80, 140, 150, 160, 170, 180), LIMITS);
    expect(faults).toEqual(["the server's memory grew by 20 MB after the first 2 minutes"]);
  });

  test('is not judged by too few samples', () => {
    expect(judgeSamples(samples(80, 140, 150, 250), LIMITS)).toEqual({ faults: [], growthBytes: null });
  });

  test('is a fault where a runner or a temporary file is left, in whichever minute', () => {
    const [first, ...others] = samples(80, 140, 150);
    const { faults } = judgeSamples([{ ...first!, numRunners: 1, numTemporaryFiles: 2 }, ...others], LIMITS);
    expect(faults).toEqual([
      'minute 1: 1 runner(s) were left although nothing was asked',
      'minute 1: 2 temporary file(s) were left',
    ]);
  });

  test('is a fault where descriptors grow', () => {
    const all = samples(80, 140, 150, 150);
    const last = { ...all.at(-1)!, numDescriptors: 21 };
    expect(judgeSamples([...all.slice(0, -1), last], LIMITS).faults).toEqual(['file descriptors grew from 20 (minute 3) to 21']);
  });
});
