import { fileURLToPath } from 'node:url';
import { measureProcess } from '../measure-process.js';
import { reasonOf } from '../take-turns.js';

/** @typedef {import('../contest.js').Context} Context */
/** @typedef {import('../contest.js').Row} Row */
/** @typedef {Record<'perSecond' | 'perSecondMin' | 'perSecondMax' | 'p50Ms' | 'p99Ms', number>} Throughput */

const SERVE_FILE = fileURLToPath(new URL('../serve.js', import.meta.url));
/** The servers are other programs than the libraries that they are made of. */
const COLUMNS = /** @type {Readonly<Record<string, [column: string, note?: string]>>} */ ({
  'onnx-predict serve': ['onnx-predict'],
  'transformers.js and Koa': ['transformers.js', 'Koa'],
  'FastAPI and PyTorch': ['PyTorch', 'FastAPI'],
});

/** @type {readonly (readonly [label: string, read: (row: Throughput) => number[]])[]} */
const READINGS = [
  ['per answer', (row) => [row.perSecond, row.perSecondMin, row.perSecondMax].map((rate) => 1000 / rate)],
  ['p50', (row) => [row.p50Ms]],
  ['p99', (row) => [row.p99Ms]],
];

/**
 * What `npm run bench:serve` measures of throughput, in milliseconds.
 * @param {Context} context
 * @returns {Promise<Row[]>}
 */
export async function measureServing(context) {
  const { models, rounds, numThreads, python, without, clients } = context;
  const folders = Object.entries(models).flatMap(([name, folder]) => (folder === null ? [] : ['--model', `${name}=${folder}`]));
  const left = without.flatMap((name) => ['--without', name]);
  const options = [
    '--rounds',
    String(rounds),
    '--threads',
    String(numThreads),
    '--python',
    python,
    '--clients',
    clients.join(','),
  ];
  const args = [SERVE_FILE, '--json', '--measure', 'throughput', ...options, ...folders, ...left];
  /** @type {{ throughput: (Throughput & { route: string, clients: number, program: string })[], missingPeers: string[] }} */
  let measured;
  try {
    measured = JSON.parse((await measureProcess(args, context.ownEnv)).output);
  } catch (error) {
    context.leaveOut('servers', reasonOf(error));
    return [];
  }
  for (const peer of measured.missingPeers) context.leaveOut('servers', peer);
  /** @type {Map<string, typeof measured.throughput>} */
  const groups = new Map();
  for (const row of measured.throughput) {
    const what = `${row.route}, ${row.clients} client(s)`;
    groups.set(what, [...(groups.get(what) ?? []), row]);
  }
  return [...groups].flatMap(([what, rows]) => READINGS.map(([label, read]) => toRow(`${what}, ${label}`, rows, read)));
}

/**
 * @param {string} what
 * @param {readonly (Throughput & { program: string })[]} rows
 * @param {(row: Throughput) => number[]} read
 * @returns {Row}
 */
function toRow(what, rows, read) {
  const figures = rows.map((row) => {
    const [name, note] = COLUMNS[row.program] ?? [row.program];
    return [name, { values: read(row), ...(note === undefined ? {} : { note }) }];
  });
  return { what, unit: 'ms', figures: Object.fromEntries(figures), limit: null };
}
