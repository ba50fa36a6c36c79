import { basename } from 'node:path';
import { measureMemory } from '../measure-memory.js';
import { classifierBytes, readConfig } from '../model-files.js';
import { summarizerBytes } from '../physical-limit.js';
import { jobCommand, OURS, whyAbsent } from '../programs.js';
import { writePicture } from '../sample-pictures.js';
import { withTexts } from '../sample-texts.js';
import { takeTurns } from '../take-turns.js';

/** @typedef {import('../contest.js').Context} Context */
/** @typedef {import('../contest.js').Row} Row */

const LENGTHS = { t5: { inputTokens: 449, outputTokens: 100 }, bart: { inputTokens: 695, outputTokens: 40 } };
const PHASES = /** @type {const} */ (['loaded', 'peak', 'unloaded']);
const LABELS = { loaded: 'loaded', peak: 'most of all', unloaded: 'after unload' };

/**
 * Of each model: once it is loaded, at most while it works on one input (with four beams), and after it is unloaded. The limit is its
 * weights.
 * @param {Context} context
 * @returns {Promise<Row[]>}
 */
export async function measureMemories(context) {
  const picture = await writePicture(context.folder, { name: 'memory', width: 640, height: 480, seed: 1 });
  const rows = [];
  for (const name of /** @type {const} */ (['mit-b0', 't5', 'bart'])) {
    const model = context.models[name];
    if (model === null) continue;
    if (name === 'mit-b0') {
      const point = { name: 'picture', inputs: [picture], rules: {}, numRuns: 1 };
      rows.push(...(await measureModel(context, { task: 'image-classification', model, point })));
    } else {
      const { inputTokens, outputTokens } = LENGTHS[name];
      const text = await withTexts(model, (makeText, maxTokens) => makeText(Math.min(inputTokens, maxTokens)));
      const point = { name: 'text', inputs: [text], rules: { numTokens: outputTokens, numBeams: 4 }, numRuns: 1 };
      rows.push(...(await measureModel(context, { task: 'summarization', model, point })));
    }
  }
  return rows;
}

/**
 * @param {Context} context
 * @param {Pick<import('../measure-job.js').Job, 'task' | 'model'> & { point: import('../measure-job.js').Point }} measured
 * @returns {Promise<Row[]>}
 */
async function measureModel(context, { task, model, point }) {
  const { dtypes, numThreads, python, ownEnv } = context;
  const groups = dtypes.map((dtype) => ({
    dtype,
    runs: new Map(/** @type {[string, Awaited<ReturnType<typeof measureMemory>>[]][]} */ ([])),
  }));
  const contestants = groups.flatMap(({ dtype, runs }) =>
    context.programs
      .filter((program) => whyAbsent(program, model) === null && (program.dtypes ?? [dtype]).includes(dtype))
      .map(({ name: program }) => ({
        name: `${program}, ${basename(model)}, ${dtype}, memory`,
        async run() {
          const job = { program, task, model, dtype, numThreads, mode: /** @type {const} */ ('phased'), points: [point] };
          const env = { ORT_DISABLE_TELEMETRY: '1', ...(program === OURS ? ownEnv : {}) };
          const bytes = await measureMemory(jobCommand(job, python), env);
          runs.set(program, [...(runs.get(program) ?? []), bytes]);
        },
      })),
  );
  await takeTurns(contestants, context.rounds, context.leaveOut);
  const rows = [];
  for (const { dtype, runs } of groups) {
    const bytes =
      task === 'summarization' ? summarizerBytes(await readConfig(model), dtype) : await classifierBytes(model, dtype);
    for (const phase of PHASES) {
      const figures = [...runs].map(([name, all]) => [name, { values: all.map((run) => run[phase] / 1e6) }]);
      const limit = bytes === null || phase === 'unloaded' ? null : bytes / 1e6;
      rows.push({
        what: `${basename(model)}, ${LABELS[phase]}, ${dtype}`,
        unit: 'MB',
        figures: Object.fromEntries(figures),
        limit,
      });
    }
  }
  return rows;
}
