import { median } from './statistics.js';

/**
 * What a server holds while nobody asks it anything, once its runners have ended.
 * @typedef {object} QuietSample
 * @property {number} minute since the load began
 * @property {number} serverBytes resident
 * @property {number} numDescriptors
 * @property {number} numRunners
 * @property {number} numTemporaryFiles
 */

/** Until all code has run and all buffers have their size. */
const SETTLED_AFTER_MINUTES = 2;
const MIN_SAMPLES = 4;

/**
 * What a server still held when it should not have, a sentence each. Memory: the median of the second half of the samples after the
 * first two minutes may be above that of the first half by `toleranceBytes`. Descriptors: none more than at first.
 * @param {readonly QuietSample[]} samples
 * @param {{ readonly toleranceBytes: number }} limits
 * @returns {{ faults: string[], growthBytes: number | null }} the growth is null where there are too few samples to tell
 */
export function judgeSamples(samples, { toleranceBytes }) {
  const faults = [];
  for (const { minute, numRunners, numTemporaryFiles } of samples) {
    if (numRunners > 0) faults.push(`minute ${minute}: ${numRunners} runner(s) were left although nothing was asked`);
    if (numTemporaryFiles > 0) faults.push(`minute ${minute}: ${numTemporaryFiles} temporary file(s) were left`);
  }
  const settled = samples.filter(({ minute }) => minute > SETTLED_AFTER_MINUTES);
  const [first] = settled;
  const last = settled.at(-1);
  if (first !== undefined && last !== undefined && last.numDescriptors > first.numDescriptors) {
    faults.push(`file descriptors grew from ${first.numDescriptors} (minute ${first.minute}) to ${last.numDescriptors}`);
  }
  if (settled.length < MIN_SAMPLES) return { faults, growthBytes: null };
  const half = Math.floor(settled.length / 2);
  const bytes = settled.map(({ serverBytes }) => serverBytes);
  const growthBytes = median(bytes.slice(-half)) - median(bytes.slice(0, half));
  if (growthBytes > toleranceBytes) {
    faults.push(
      `the server's memory grew by ${Math.round(growthBytes / 1e6)} MB after the first ${SETTLED_AFTER_MINUTES} minutes`,
    );
  }
  return { faults, growthBytes };
}
