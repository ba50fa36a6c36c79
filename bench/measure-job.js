// One program at one job, in a process of its own: node measure-job.js '<Job as JSON>'
// timed: prints the milliseconds of every point's runs, and of processor time on average. cold: prints the first label. phased: says what it has done, line by line, and
// goes on when a line comes, so that another process can look at its memory.
import { createInterface } from 'node:readline';
import { treeCpuMs } from './process-tree.js';

/**
 * @typedef {object} Point
 * @property {string} name
 * @property {readonly string[]} inputs paths of pictures, or texts with their prefix; several are answered as fast as it goes
 * @property {{ numTokens?: number, numBeams?: number }} rules
 * @property {number} numRuns
 *
 * @typedef {object} Job
 * @property {'onnx-predict' | 'transformers.js' | 'plain ONNX Runtime' | 'PyTorch'} program
 * @property {'image-classification' | 'summarization'} task
 * @property {string} model a folder in Hub layout
 * @property {string} dtype
 * @property {number} numThreads
 * @property {'timed' | 'cold' | 'phased'} mode
 * @property {readonly Point[]} points
 *
 * @typedef {object} Answer
 * @property {string} [label]
 * @property {number} [inputTokens]
 * @property {number} [outputTokens]
 * @property {Readonly<Record<string, number>>} [timings] what the program itself says of its time
 *
 * @typedef {object} OpenedProgram a model that is loaded
 * @property {(input: string, rules: Point['rules']) => Promise<Answer>} answer
 * @property {(inputs: readonly string[], rules: Point['rules']) => Promise<readonly Answer[]>} [answerAll]
 * @property {() => Promise<unknown>} unload
 * @property {() => Promise<unknown>} [close]
 */

/** Enough to have touched every weight and every kind of memory. */
const WARM_TOKENS = 20;
const MODULES = {
  'onnx-predict': './own-program.js',
  'transformers.js': './peers/transformers-js.js',
  'plain ONNX Runtime': './peers/plain-onnxruntime.js',
};

const job = /** @type {Job} */ (JSON.parse(process.argv[2] ?? ''));
const { open } = await import(MODULES[/** @type {keyof typeof MODULES} */ (job.program)]);
const startMs = performance.now();
const program = /** @type {OpenedProgram} */ (await open(job));
const loadMs = performance.now() - startMs;

/** @param {Point} point */
async function answerPoint({ inputs, rules }) {
  if (inputs.length > 1 && program.answerAll !== undefined) return program.answerAll(inputs, rules);
  const answers = [];
  for (const input of inputs) answers.push(await program.answer(input, rules));
  return answers;
}

/** @param {Point} point */
async function measurePoint(point) {
  const { inputs, rules, name, numRuns } = point;
  const warmRules = rules.numTokens === undefined ? rules : { ...rules, numTokens: Math.min(rules.numTokens, WARM_TOKENS) };
  await answerPoint({ ...point, inputs: inputs.slice(0, 2), rules: warmRules });
  const ms = [];
  const cpuBeforeMs = await treeCpuMs(process.pid);
  /** @type {readonly Answer[]} */
  let answers = [];
  for (let run = 0; run < numRuns; run++) {
    const startMs = performance.now();
    answers = await answerPoint(point);
    ms.push(performance.now() - startMs);
  }
  const cpuMs = ((await treeCpuMs(process.pid)) - cpuBeforeMs) / numRuns;
  const { label, inputTokens, outputTokens, timings } = answers.at(-1) ?? {};
  return { name, ms, cpuMs, answer: { label, inputTokens, outputTokens, timings } };
}

if (job.mode === 'cold') {
  const [{ inputs: [input = ''] = [], rules = {} } = {}] = job.points;
  process.stdout.write(`${(await program.answer(input, rules)).label}\n`);
} else if (job.mode === 'phased') {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const phases = [
    async () => {},
    async () => {
      for (const point of job.points) await answerPoint(point);
    },
    () => program.unload(),
  ];
  for (const phase of phases) {
    await phase();
    process.stdout.write('done\n');
    await lines.next();
  }
} else {
  const points = [];
  for (const point of job.points) points.push(await measurePoint(point));
  process.stdout.write(JSON.stringify({ loadMs, points }));
}
await program.close?.();
process.stdin.destroy();
