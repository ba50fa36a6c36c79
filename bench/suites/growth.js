import { basename } from 'node:path';
import { holdContest, shownValues } from '../contest.js';
import { readConfig } from '../model-files.js';
import { summaryLimitMs } from '../physical-limit.js';
import { OURS } from '../programs.js';
import { withTexts } from '../sample-texts.js';
import { median } from '../statistics.js';

/** @typedef {import('../contest.js').Context} Context */
/** @typedef {import('../contest.js').Row} Row */
/** @typedef {{ numTexts: number, inputTokens: number, outputTokens: number, numBeams: number }} Work */

/** @type {Work} */
const USUAL = { numTexts: 1, inputTokens: 256, outputTokens: 60, numBeams: 1 };
/** What grows, while all else is as usual. */
const AXES = /** @type {const} */ ([
  { of: 'numTexts', label: 'texts at once', values: [1, 2, 4, 8, 16, 32] },
  { of: 'inputTokens', label: 'tokens in', values: [100, 256, 512, 1024] },
  { of: 'outputTokens', label: 'tokens out', values: [20, 60, 100, 140] },
  { of: 'numBeams', label: 'beams', values: [1, 2, 4, 8] },
]);

/**
 * How our cost grows with the work: by which factor when the work doubles.
 * @param {Context} context
 * @returns {Promise<Row[]>}
 */
export async function measureGrowth(context) {
  const name = /** @type {'t5' | 'bart'} */ (context.growthModel);
  const model = context.models[name];
  if (model === null) {
    context.leaveOut(`growth of ${name}`, `--model ${name}=<folder> is not given`);
    return [];
  }
  const config = await readConfig(model);
  const programs = context.programs.filter((program) => program.name === OURS);
  const works = await withTexts(model, async (makeText, maxTokens) => {
    const works = [];
    for (const axis of AXES) {
      for (const value of axis.values) {
        const work = { ...USUAL, [axis.of]: value };
        if (work.inputTokens > maxTokens) {
          context.leaveOut(`${basename(model)} with ${value} tokens in`, `it reads ${maxTokens}`);
          continue;
        }
        const texts = [];
        for (let place = 0; place < work.numTexts; place++) texts.push(await makeText(work.inputTokens, place));
        works.push({ axis, value, work, texts });
      }
    }
    return works;
  });
  const points = works.map(({ axis, value, work, texts }) => ({
    name: `${axis.label}: ${value}`,
    inputs: texts,
    rules: { numTokens: work.outputTokens, numBeams: work.numBeams },
    numRuns: 1,
  }));
  const results = await holdContest(context, { task: 'summarization', model, points, programs });
  return results.map(({ dtype, point, figures }, place) => {
    const index = place % works.length;
    const { axis, value, work } = /** @type {(typeof works)[number]} */ (works[index]);
    const before = works[index - 1]?.axis === axis ? { value: works[index - 1]?.value, figure: results[place - 1] } : undefined;
    const [costs, costsBefore] = [figures[OURS], before?.figure?.figures[OURS]].map((figure) =>
      figure === undefined ? undefined : shownValues(figure, context.clock),
    );
    const growth = doublingFactor(before?.value, value, costsBefore, costs);
    return {
      what: `${basename(model)}, ${point.name}, ${dtype}`,
      unit: 'ms',
      figures,
      limit: summaryLimitMs(config, { ...work, dtype }, context.machine),
      ...(growth === undefined ? {} : { growth }),
    };
  });
}

/**
 * By what the cost is multiplied when the work doubles: 2 is in proportion to it, 1 for nothing.
 * @param {number | undefined} workBefore
 * @param {number} work
 * @param {readonly number[] | undefined} costsBefore
 * @param {readonly number[] | undefined} costs
 */
function doublingFactor(workBefore, work, costsBefore, costs) {
  if (workBefore === undefined || costsBefore === undefined || costs === undefined) return undefined;
  return (median(costs) / median(costsBefore)) ** (1 / Math.log2(work / workBefore));
}
