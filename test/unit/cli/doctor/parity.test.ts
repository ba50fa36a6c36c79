import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkParity } from '../../../../src/cli/doctor/parity.ts';
import type { Engine } from '../../../../src/engine.ts';

interface Parity {
  readonly classify: readonly { readonly image: string; readonly logits: readonly number[] }[];
  readonly summarize: readonly {
    readonly text: string;
    readonly options: { readonly num_beams: number };
    readonly output_ids: readonly number[];
    readonly score: number | null;
    readonly summary: string;
  }[];
}

const { classify, summarize } = JSON.parse(
  await readFile(join(import.meta.dirname, '../../../../models/parity.json'), 'utf8'),
) as Parity;
const { signal } = new AbortController();

/** An engine that answers as Python did, but for what is added. */
function engineWith({ logit = 0, id = 0, score = 0 }): Engine {
  return {
    async classify(path: string) {
      const { logits } = classify.find(({ image }) => path.endsWith(image))!;
      return {
        top: logits.map((value, index) => ({ label: `label ${index}`, score: value + (index === 3 ? logit : 0), index })),
      };
    },
    async summarize(text: string, { numBeams }: { numBeams: number }) {
      const found = summarize.find((each) => each.text === text && each.options.num_beams === numBeams)!;
      const outputIds = found.output_ids.map((each, at) => each + (at === 2 ? id : 0));
      return { outputIds, summary: found.summary, score: found.score === null ? null : found.score + score };
    },
  } as unknown as Engine;
}

test('answers that are Python’s are one line', async () => {
  expect(await checkParity(engineWith({}), signal)).toMatchObject([
    { status: 'ok', value: expect.stringContaining('10 of 10') as string },
  ]);
  expect(await checkParity(engineWith({ logit: 5e-5, score: -5e-5 }), signal)).toMatchObject([{ status: 'ok' }]);
});

test.each([
  [{ logit: 2e-4 }, 4, /^logit of "label 3": expected -?\d.*, got -?\d/],
  [{ id: 1 }, 6, /^expected "The harbour.*, got "/],
  [{ score: 2e-4 }, 3, /^score: expected -0\.0\d+, got -0\.0\d+/],
])('a drift of %j is a problem of its own for each case, with what was expected and what came', async (drift, count, text) => {
  const checks = await checkParity(engineWith(drift), signal);
  expect(checks).toHaveLength(count);
  for (const { status } of checks) expect(status).toBe('problem');
  expect(checks[0]!.value).toMatch(text);
});

test('an engine that fails is a problem, not the end of the report', async () => {
  const failing = {
    classify: async () => Promise.reject(new Error('boom')),
    summarize: async () => Promise.reject(new Error('boom')),
  };
  const checks = await checkParity(failing as unknown as Engine, signal);
  expect(checks).toHaveLength(10);
  expect(checks[0]).toMatchObject({ status: 'problem', value: 'no answer', remedy: 'boom' });
});
