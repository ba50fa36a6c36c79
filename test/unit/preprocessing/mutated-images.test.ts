import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { goldenImages, imagePath, oddImages } from '../../golden-images.ts';
import { decode } from './hostile-bytes.ts';
import { seededRandom } from './random.ts';

describe('mutated pictures', () => {
  const MAX_PIXELS = 50_000;

  /** One of seven kinds of damage, done one to four times. */
  function mutate(original: Uint8Array, random: (below: number) => number): Buffer {
    const kind = random(7);
    let bytes = Buffer.from(original);
    for (let times = 1 + random(4); times > 0 && bytes.length > 8; times--) {
      const at = random(bytes.length - 4);
      const near = random(2) === 0 ? random(Math.min(64, bytes.length - 4)) : at;
      const length = random(64);
      const number = [0xffffffff, 0x7fffffff, 0x80000000, 0, 1, 0x10000, 30_000][random(7)]!;
      if (kind === 0) bytes = bytes.subarray(0, at);
      else if (kind === 1) bytes[near]! ^= 1 << random(8);
      else if (kind === 2) bytes.writeUInt32LE(number, near);
      else if (kind === 3) bytes.writeUInt32BE(number, near);
      else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
      else if (kind === 5) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      else bytes.fill(random(2) * 255, at, at + Math.min(length, bytes.length - at));
    }
    return bytes;
  }

  test.each([...goldenImages, ...oddImages])('of $image are decoded within the limit or refused', async ({ image }) => {
    const original = readFileSync(imagePath(image));
    const random = seededRandom(original.length);
    const numMutants = original.length > 20_000 ? 8 : 24;
    const outcomes = new Set<string>();
    for (let mutant = 0; mutant < numMutants; mutant++) {
      try {
        const { width, height, data } = await decode(mutate(original, random), MAX_PIXELS);
        expect(data.length).toBe(width * height * 3);
        expect(width * height).toBeLessThanOrEqual(MAX_PIXELS);
        outcomes.add('decoded');
      } catch (error) {
        if (!(error instanceof OnnxPredictError)) throw error;
        outcomes.add(error.code);
      }
    }
    const allowed = new Set(['decoded', 'IMAGE_INVALID', 'IMAGE_TOO_LARGE', 'IMAGE_UNSUPPORTED']);
    expect([...outcomes].filter((outcome) => !allowed.has(outcome))).toEqual([]);
  });
});

describe('cut off anywhere, no picture is half decoded', () => {
  test.each([...goldenImages, ...oddImages])('$image', async ({ image }) => {
    const whole = readFileSync(imagePath(image));
    const full = await decode(whole);
    for (const share of [0.1, 0.4, 0.6, 0.8, 0.95]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      // What is lost may be a later frame, a page, padding or a transparency mask: then the picture is whole.
      const outcome = await decode(cut).catch((error: OnnxPredictError) => error);
      if (outcome instanceof OnnxPredictError) expect(outcome.code).toMatch(/^IMAGE_(INVALID|UNSUPPORTED)$/);
      else expect(Buffer.compare(outcome.data, full.data)).toBe(0);
    }
  });
});
