import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type SummarizeOptions } from 'onnx-predict';
import { expect, test } from 'vitest';
import { seededRandom } from '../unit/preprocessing/random.ts';
import { assembleModel } from './text-models.ts';

const TEXT = await readFile('examples/lighthouse.txt', 'utf8');

/** Rules under which beams agree, part, end early and are cut. */
function anyRules(next: (below: number) => number) {
  const one = <T>(...choices: readonly T[]): T => choices[next(choices.length)]!;
  return {
    numBeams: one(1, 2, 2, 3, 4, 8),
    maxNewTokens: one(1, 7, 20, 40),
    minNewTokens: one(0, 0, 1),
    lengthPenalty: one(-1, 0, 0.5, 1, 2),
    earlyStopping: one<boolean | 'never'>(true, false, 'never'),
    noRepeatNgramSize: one(0, 0, 1, 2, 3),
    repetitionPenalty: one(1, 1, 1.4, 0.6),
  } satisfies SummarizeOptions;
}

test.each(['tiny-t5', 'tiny-bart'])('the parts of a summary are the summary, under 150 settings: %s', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  const model = await assembleModel(folder, name);
  const engine = createEngine({ numThreads: 1 });
  const next = seededRandom(3);
  const requests = Array.from({ length: 150 }, () => ({ text: TEXT.slice(next(300), 400 + next(300)), rules: anyRules(next) }));
  let numEarly = 0;
  await Promise.all(
    requests.map(async ({ text, rules }) => {
      const parts: string[] = [];
      let numLate = 0;
      const { summary, timings } = await engine.summarize(text, {
        model,
        ...rules,
        onText: (part) => parts.push(part),
        onProgress: () => {
          numLate = parts.length;
        },
      });
      expect({ rules, summary: parts.join('') }).toEqual({ rules, summary });
      expect(parts).not.toContain('');
      if (rules.numBeams > 1 && timings.steps > 5 && numLate > 0) numEarly++;
    }),
  );
  expect(numEarly).toBeGreaterThan(20);
  await engine.close();
  await rm(folder, { recursive: true });
});
