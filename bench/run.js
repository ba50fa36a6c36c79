/**
 * How fast this is, beside others at the same work and what the machine could do at most: one command, all in turns.
 *
 *     npm run bench -- [--suite classify,t5,bart,serve,memory,growth] [--model mit-b0=FOLDER] [--model t5=FOLDER]
 *         [--model bart=FOLDER] [--dtype fp32,q8] [--rounds 3] [--threads 1] [--python PROGRAM] [--without PROGRAM]...
 *         [--pictures 200] [--clients 1,8,32] [--growth-model t5] [--clock wall|processor] [--no-prepare] [--json [FILE]]
 *
 * `--model` says which folder, in Hub layout, stands for a model; without it the built-in ones do, and there is none for bart.
 * `--clock processor` shows what all processes of a program used, which other work on the machine disturbs less than wall time.
 * `--json FILE` writes all values beside the table, `--json` prints them instead.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureProcess } from './measure-process.js';
import { tableLines, toSummary } from './print-table.js';
import { listPrograms } from './programs.js';
import { measureClassifying } from './suites/classify.js';
import { measureGrowth } from './suites/growth.js';
import { measureMemories } from './suites/memory.js';
import { measureServing } from './suites/serve.js';
import { measureSummaries } from './suites/summaries.js';

/** @typedef {import('./contest.js').Context} Context */
/** @typedef {import('./contest.js').Row} Row */

/** @type {Readonly<Record<string, (context: Context) => Promise<Row[]>>>} */
const SUITES = {
  classify: measureClassifying,
  t5: (context) => measureSummaries(context, 't5'),
  bart: (context) => measureSummaries(context, 'bart'),
  serve: measureServing,
  memory: measureMemories,
  growth: measureGrowth,
};

/** @param {string} relative */
function file(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}

const { values: flags, positionals } = parseArgs({
  // The file of --json is the only one.
  allowPositionals: true,
  options: {
    suite: { type: 'string', default: Object.keys(SUITES).join(',') },
    model: { type: 'string', multiple: true, default: [] },
    dtype: { type: 'string', default: 'fp32' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    python: { type: 'string', default: 'python3' },
    without: { type: 'string', multiple: true, default: [] },
    pictures: { type: 'string', default: '200' },
    clients: { type: 'string', default: '1,8,32' },
    'growth-model': { type: 'string', default: 't5' },
    clock: { type: 'string', default: 'wall' },
    'no-prepare': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const suites = flags.suite.split(',');
const unknown = suites.filter((name) => !Object.hasOwn(SUITES, name));
const [jsonFile] = positionals;
const clock = flags.clock === 'processor' ? 'processor' : 'wall';
/** @type {Map<string, string>} */
const leftOut = new Map();

/** @param {import('./physical-limit.js').Machine[]} measured at its best */
function bestOf(measured) {
  const most = (/** @type {keyof import('./physical-limit.js').Machine} */ name) => Math.max(...measured.map((one) => one[name]));
  return {
    readBytesPerSecond: most('readBytesPerSecond'),
    fp32PerSecond: most('fp32PerSecond'),
    int8PerSecond: most('int8PerSecond'),
  };
}

/** @returns {Promise<import('./physical-limit.js').Machine>} */
async function measureMachine() {
  process.stderr.write('measuring the machine\n');
  const job = JSON.stringify({ numThreads: Number(flags.threads) });
  return JSON.parse((await measureProcess([file('measure-machine.js'), job], { ORT_DISABLE_TELEMETRY: '1' })).output);
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const loadBefore = loadavg()[0];
    const machine = bestOf([await measureMachine(), await measureMachine()]);
    const given = flags.model.map((pair) => [pair.slice(0, pair.indexOf('=')), resolve(pair.slice(pair.indexOf('=') + 1))]);
    /** @type {Context} */
    const context = {
      models: {
        'mit-b0': file('../models/tiny-image-classifier'),
        t5: file('../models/tiny-summarizer'),
        bart: null,
        ...Object.fromEntries(given),
      },
      dtypes: flags.dtype.split(','),
      rounds: Number(flags.rounds),
      numThreads: Number(flags.threads),
      numPictures: Number(flags.pictures),
      growthModel: flags['growth-model'],
      clock,
      python: flags.python,
      without: flags.without,
      clients: flags.clients.split(','),
      programs: listPrograms(flags.python, flags.without),
      ownEnv: flags['no-prepare'] ? { ONNX_PREDICT_PREPARE: 'never' } : {},
      folder,
      machine,
      leaveOut: (what, reason) => void leftOut.set(what, reason),
    };
    const results = [];
    for (const name of suites) {
      const rows = (await SUITES[name]?.(context)) ?? [];
      results.push({ name, rows: rows.filter(({ figures }) => Object.keys(figures).length > 0) });
    }
    const about = {
      node: process.version,
      processor: cpus()[0]?.model,
      numProcessors: availableParallelism(),
      loadBefore,
      loadAfter: loadavg()[0],
      ...machine,
    };
    return { about, options: flags, results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {Awaited<ReturnType<typeof main>>} report */
function toJson({ about, options, results }) {
  const summaries = results.map(({ name, rows }) => ({
    suite: name,
    rows: rows.map(({ figures, ...row }) => ({
      ...row,
      figures: Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, toSummary(figure)])),
    })),
  }));
  return `${JSON.stringify({ machine: about, options, suites: summaries, notMeasured: Object.fromEntries(leftOut) }, null, 1)}\n`;
}

/** @param {Awaited<ReturnType<typeof main>>} report */
function toText({ about, results }) {
  const giga = (/** @type {number} */ value) => (value / 1e9).toPrecision(3);
  const most = `reads ${giga(about.readBytesPerSecond)} GB/s, ${giga(about.fp32PerSecond)} GFLOP/s in fp32, ${giga(about.int8PerSecond)} Gop/s in int8`;
  const [load, loadAfter] = [about.loadBefore, about.loadAfter].map((value) => value?.toFixed(1));
  return [
    `Node ${about.node}, ${about.processor}, ${about.numProcessors} processors, a load of ${load} before and ${loadAfter} after; ${flags.rounds} round(s), ${clock} time\n`,
    `With ${flags.threads} thread(s) this machine ${most}.\n`,
    'Medians, lowest to highest; a peer’s x says how many times ours it is. Less is better everywhere.\n',
    ...results.flatMap(({ name, rows }) => (rows.length === 0 ? [] : [`\n${name}\n\n`, ...tableLines(rows, clock)])),
    ...(leftOut.size === 0 ? [] : ['\nNot measured:\n']),
    ...[...leftOut].map(([what, reason]) => `- ${what}: ${reason}\n`),
  ].join('');
}

if (unknown.length > 0 || (jsonFile !== undefined && !flags.json) || positionals.length > 1) {
  process.stderr.write(`suites are ${Object.keys(SUITES).join(', ')}; a file goes with --json\n`);
  process.exitCode = 2;
} else {
  const report = await main();
  if (jsonFile !== undefined) await writeFile(jsonFile, toJson(report));
  process.stdout.write(flags.json && jsonFile === undefined ? toJson(report) : toText(report));
}
