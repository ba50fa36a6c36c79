import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { holdContest } from '../contest.js';
import { measureProcess } from '../measure-process.js';
import { readConfig, readEdge } from '../model-files.js';
import { classificationLimitMs } from '../physical-limit.js';
import { jobCommand, OURS, whyAbsent } from '../programs.js';
import { writePicture } from '../sample-pictures.js';
import { ONNX_PREDICT } from '../server-process.js';
import { median } from '../statistics.js';
import { takeTurns } from '../take-turns.js';

/** @typedef {import('../contest.js').Context} Context */
/** @typedef {import('../contest.js').Row} Row */

const VGA = { width: 640, height: 480 };
const TWELVE_MEGAPIXELS = { width: 4000, height: 3000 };
/** A start is short, and what else the machine does disturbs it most. */
const STARTS_PER_ROUND = 3;
const IMPORTS_ONLY = fileURLToPath(new URL('../peers/imports-only.js', import.meta.url));

/** @param {Context} context @returns {Promise<Row[]>} */
export async function measureClassifying(context) {
  const model = /** @type {string} */ (context.models['mit-b0']);
  const vga = await writePicture(context.folder, { name: 'vga', ...VGA, seed: 1 });
  const large = await writePicture(context.folder, { name: '12mp', ...TWELVE_MEGAPIXELS, seed: 2 });
  const many = [];
  for (let place = 0; place < context.numPictures; place++) {
    many.push(await writePicture(context.folder, { name: `picture-${place}`, ...VGA, seed: 3 + place }));
  }
  return [...(await measureStarts(context, model, vga)), ...(await measureWarm(context, model, { vga, large, many }))];
}

/**
 * From process start to label; the limit is what importing the two native libraries takes.
 * @param {Context} context @param {string} model @param {string} picture @returns {Promise<Row[]>}
 */
async function measureStarts(context, model, picture) {
  const { dtypes, numThreads, python, ownEnv } = context;
  const point = { name: 'cold', inputs: [picture], rules: {}, numRuns: 1 };
  const imports = /** @type {import('../measure-process.js').ProcessCost[]} */ ([]);
  const measure = async (/** @type {string[]} */ args, /** @type {string} */ interpreter, env = {}) =>
    measureProcess(args, { ORT_DISABLE_TELEMETRY: '1', ...env }, interpreter);
  const contestants = [
    {
      name: 'importing onnxruntime-node and sharp',
      run: async () => void imports.push(await measure([IMPORTS_ONLY], process.execPath)),
    },
  ];
  const groups = dtypes.map((dtype) => {
    const costs = new Map(/** @type {[string, import('../measure-process.js').ProcessCost[]][]} */ ([]));
    for (const program of context.programs) {
      if (whyAbsent(program, model) !== null || !(program.dtypes ?? [dtype]).includes(dtype)) continue;
      const { name } = program;
      const job = { program: name, task: /** @type {const} */ ('image-classification'), model, dtype, numThreads };
      const options = ['--model', model, '--dtype', dtype, '--threads', String(numThreads), '--offline'];
      const { interpreter, args } =
        name === OURS
          ? { interpreter: process.execPath, args: [ONNX_PREDICT, 'classify', picture, ...options] }
          : jobCommand({ ...job, mode: 'cold', points: [point] }, python);
      const runs = /** @type {import('../measure-process.js').ProcessCost[]} */ ([]);
      costs.set(name, runs);
      const run = async () => void runs.push(await measure(args, interpreter, name === OURS ? ownEnv : {}));
      contestants.push({ name: `${name}, ${basename(model)}, ${dtype}, from its start`, run });
    }
    return { dtype, costs };
  });
  // The first turn prepares what is made once, and fills the system's file cache.
  const failed = new Set();
  await takeTurns(contestants, 1, (name, reason) => {
    failed.add(name);
    context.leaveOut(name, reason);
  });
  for (const runs of [imports, ...groups.flatMap(({ costs }) => [...costs.values()])]) runs.length = 0;
  const able = contestants.filter(({ name }) => !failed.has(name));
  await takeTurns(able, context.rounds * STARTS_PER_ROUND, context.leaveOut);
  return groups.flatMap(({ dtype, costs }) =>
    /** @type {const} */ ([
      ['wall', 'labelMs'],
      ['processor', 'cpuMs'],
    ]).map(([clock, field]) => ({
      what: `${basename(model)}, process start to label, ${clock}, ${dtype}`,
      unit: 'ms',
      figures: Object.fromEntries(
        [...costs].filter(([, runs]) => runs.length > 0).map(([name, runs]) => [name, { values: runs.map((run) => run[field]) }]),
      ),
      limit: imports.length === 0 ? null : median(imports.map((run) => run[field])),
    })),
  );
}

/**
 * @param {Context} context @param {string} model
 * @param {{ vga: string, large: string, many: readonly string[] }} pictures
 * @returns {Promise<Row[]>}
 */
async function measureWarm(context, model, { vga, large, many }) {
  const [config, edge] = [await readConfig(model), await readEdge(model)];
  const points = [
    { name: 'JPEG of 640x480, decoded', inputs: [vga], rules: {}, numRuns: 10 },
    { name: 'JPEG of 4000x3000, decoded', inputs: [large], rules: {}, numRuns: 3 },
    { name: `${many.length} JPEGs of 640x480, one process`, inputs: many, rules: {}, numRuns: 1 },
  ];
  const results = await holdContest(context, { task: 'image-classification', model, points });
  return results.map(({ dtype, point, figures }) => {
    const limit = classificationLimitMs(config, edge, dtype, context.machine);
    return {
      what: `${basename(model)}, ${point.name}, ${dtype}`,
      unit: 'ms',
      figures,
      limit: limit === null ? null : limit * point.inputs.length,
    };
  });
}
