import { basename } from 'node:path';
import { measureProcess } from './measure-process.js';
import { jobCommand, OURS, whyAbsent } from './programs.js';
import { takeTurns } from './take-turns.js';

/** @typedef {import('./measure-job.js').Job} Job */
/** @typedef {import('./measure-job.js').Point} Point */
/** @typedef {import('./measure-job.js').Answer} Answer */
/** @typedef {import('./programs.js').Program} Program */
/**
 * What all suites are given.
 * @typedef {object} Context
 * @property {Readonly<Record<'mit-b0' | 't5' | 'bart', string | null>>} models folders; null where there is none
 * @property {readonly string[]} dtypes
 * @property {number} rounds
 * @property {number} numThreads
 * @property {number} numPictures of the folder of pictures
 * @property {string} growthModel
 * @property {'wall' | 'processor'} clock what tables show; on a busy machine processor time says more
 * @property {string} python
 * @property {readonly string[]} without
 * @property {readonly string[]} clients
 * @property {readonly Program[]} programs
 * @property {Readonly<Record<string, string>>} ownEnv of our processes
 * @property {string} folder for what the suites make, removed at the end
 * @property {import('./physical-limit.js').Machine} machine
 * @property {(what: string, reason: string) => void} leaveOut names what is not measured, and why
 */
/**
 * What one program needed: wall time of every run, and processor time of all its processes, an average per round.
 * @typedef {{ values: number[], cpuValues?: number[], note?: string, answer?: Answer }} Figure
 */
/**
 * One line of a table. All figures are such that less is better.
 * @typedef {object} Row
 * @property {string} what
 * @property {string} unit
 * @property {Readonly<Record<string, Figure>>} figures by the program's name
 * @property {number | null} limit
 * @property {number} [growth] to the power of what a doubling of the work costs
 */

/**
 * Measures all programs that can at the same points of one model, one process per program, dtype and round.
 * @param {Context} context
 * @param {{ task: Job['task'], model: string, points: readonly Point[], programs?: readonly Program[] }} contest
 * @returns {Promise<{ dtype: string, point: Point, figures: Record<string, Figure> }[]>} without those that nobody could do
 */
export async function holdContest(context, { task, model, points, programs = context.programs }) {
  const { dtypes, rounds, numThreads, python, ownEnv } = context;
  /** @type {Map<string, Figure>} by program, dtype and what is done */
  const found = new Map();
  const contestants = [];
  for (const dtype of new Set([...dtypes, ...programs.flatMap((program) => program.dtypes ?? [])])) {
    for (const program of programs) {
      const reason = whyAbsent(program, model);
      if (reason !== null) context.leaveOut(`${program.name}, ${basename(model)}`, reason);
      if (reason !== null || !(program.dtypes ?? dtypes).includes(dtype)) continue;
      const able = points.map((point) => toAbility(point, program));
      const distinct = able.filter((point, place) => able.findIndex((other) => workOf(other) === workOf(point)) === place);
      const job = { program: program.name, task, model, dtype, numThreads, mode: /** @type {const} */ ('timed') };
      const run = async (/** @type {readonly Point[]} */ points) => {
        const { interpreter, args } = jobCommand({ ...job, points }, python);
        const env = { ORT_DISABLE_TELEMETRY: '1', ...(program.name === OURS ? ownEnv : {}) };
        const { output } = await measureProcess(args, env, interpreter);
        /** @type {{ ms: number[], cpuMs: number, answer: Answer }[]} */
        const measured = JSON.parse(output).points;
        for (const [place, { ms, cpuMs, answer }] of measured.entries()) {
          const key = `${program.name}, ${dtype}, ${workOf(/** @type {Point} */ (points[place]))}`;
          const { values = [], cpuValues = [] } = found.get(key) ?? {};
          found.set(key, { values: [...values, ...ms], cpuValues: [...cpuValues, cpuMs], answer });
        }
      };
      contestants.push({
        name: `${program.name}, ${basename(model)}, ${dtype}`,
        ours: program.name === OURS,
        first: () => run([]),
        run: () => run(distinct),
      });
    }
  }
  // What we make once, when a model is loaded for the first time, is not measured.
  const loads = contestants
    .filter(({ ours }) => ours)
    .map(({ name, first }) => ({ name: `${name}, to load it once`, run: first }));
  await takeTurns(loads, 1, () => {});
  await takeTurns(contestants, rounds, (name, reason) => context.leaveOut(name, reason));
  return dtypes.flatMap((dtype) =>
    points.map((point) => {
      const figures = programs.flatMap((program) => {
        const able = toAbility(point, program);
        const usedDtype = program.dtypes === null || program.dtypes.includes(dtype) ? dtype : (program.dtypes[0] ?? dtype);
        const figure = found.get(`${program.name}, ${usedDtype}, ${workOf(able)}`);
        const notes = [...(usedDtype === dtype ? [] : [usedDtype]), ...(able === point ? [] : ['greedy'])];
        return figure === undefined ? [] : [[program.name, notes.length === 0 ? figure : { ...figure, note: notes.join(', ') }]];
      });
      return { dtype, point, figures: Object.fromEntries(figures) };
    }),
  );
}

/** What a table shows of a figure. @param {Figure} figure @param {Context['clock']} clock */
export function shownValues({ values, cpuValues }, clock) {
  return clock === 'processor' && cpuValues !== undefined ? cpuValues : values;
}

/** The point as a program can do it. @param {Point} point @param {Program} program @returns {Point} */
function toAbility(point, { maxBeams }) {
  const { numBeams = 1 } = point.rules;
  return numBeams <= maxBeams ? point : { ...point, rules: { ...point.rules, numBeams: maxBeams } };
}

/** @param {Point} point */
function workOf({ inputs, rules }) {
  return JSON.stringify([inputs, rules]);
}
