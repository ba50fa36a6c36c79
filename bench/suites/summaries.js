import { basename } from 'node:path';
import { holdContest } from '../contest.js';
import { readConfig } from '../model-files.js';
import { summaryLimitMs } from '../physical-limit.js';
import { withTexts } from '../sample-texts.js';

/** @typedef {import('../contest.js').Context} Context */
/** @typedef {import('../contest.js').Row} Row */

/** An article and its summary, each in the usual length of its model. */
const JOBS = {
  t5: { inputTokens: 449, outputTokens: 100, beams: [1, 4], numRuns: 3 },
  bart: { inputTokens: 695, outputTokens: 130, beams: [4], numRuns: 1 },
};

/**
 * One text at a time, decoding without n-gram rules.
 * @param {Context} context
 * @param {'t5' | 'bart'} name
 * @returns {Promise<Row[]>}
 */
export async function measureSummaries(context, name) {
  const model = context.models[name];
  if (model === null) {
    context.leaveOut(name, `--model ${name}=<folder> is not given`);
    return [];
  }
  const { inputTokens, outputTokens, beams, numRuns } = JOBS[name];
  const config = await readConfig(model);
  const { text, length } = await withTexts(model, async (makeText, maxTokens) => {
    const length = Math.min(inputTokens, maxTokens);
    return { text: await makeText(length), length };
  });
  const points = beams.map((numBeams) => ({
    name: `${basename(model)}, ${length} tokens in, ${outputTokens} out, ${numBeams === 1 ? 'greedy' : `${numBeams} beams`}`,
    inputs: [text],
    rules: { numTokens: outputTokens, numBeams },
    numRuns,
  }));
  const results = await holdContest(context, { task: 'summarization', model, points });
  return results.map(({ dtype, point, figures }) => ({
    what: `${point.name}, ${dtype}`,
    unit: 'ms',
    figures,
    limit: summaryLimitMs(
      config,
      { inputTokens: length, outputTokens, numBeams: point.rules.numBeams ?? 1, numTexts: 1, dtype },
      context.machine,
    ),
  }));
}
