/**
 * The HTTP server beside the same routes on transformers.js and Koa, and beside the tutorial's FastAPI server.
 *
 *     npm run bench:serve -- [--model NAME=FOLDER]... [--measure throughput|busy]... [--route 'GET /'|picture|summary]...
 *         [--clients 1,8,32] [--seconds 5] [--rounds 3] [--threads 1] [--busy-seconds 20] [--busy-summaries 8] [--busy-model bart]
 *         [--image FILE] [--python PROGRAM] [--without PROGRAM]... [--json]
 *
 * `--model` says which folder, in Hub layout, answers to mit-b0, t5 and bart; the built-in models otherwise. FastAPI takes part where
 * `--python` has what it needs and all folders have `model.safetensors`.
 *
 * throughput: autocannon, in a second process, asks for `GET /`, a picture and a summary by t5; the servers take turns.
 * busy: `GET /` 50 times a second while `--busy-summaries` clients ask `--busy-model` for summaries of long texts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureProcess } from './measure-process.js';
import { multipartBody } from './multipart-body.js';
import { ONNX_PREDICT, startServer, untilReady } from './server-process.js';
import { median, quantile } from './statistics.js';

/** @typedef {{ latencyMs: number[], numRefused: number, numErrors: number, wallMs: number }} Load */
/** @typedef {{ name: string, path: string, method: 'GET' | 'POST', contentType?: string, bodyFile?: string }} Route */
/** @typedef {{ program: string, url: string, route: Route, clients: number, aloneMs: number, loads: Load[] }} Cell */
/**
 * @typedef {object} BusyProbe
 * @property {number[]} latencyMs
 * @property {number} numUnanswered
 * @property {{ numAnswered: number, numRefused: number }} numSummaries
 * @property {{ p99: number, max: number }} ownDelayMs
 */

const PROBES_PER_SECOND = 50;
const READY_TIMEOUT_MS = 300_000;
/** A request may wait for all others of a slow server. */
const TIMEOUT_SECONDS = 3600;

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: [] },
    measure: { type: 'string', multiple: true, default: ['throughput', 'busy'] },
    route: { type: 'string', multiple: true, default: ['GET /', 'picture', 'summary'] },
    clients: { type: 'string', default: '1,8,32' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
    'busy-seconds': { type: 'string', default: '20' },
    'busy-summaries': { type: 'string', default: '8' },
    'busy-model': { type: 'string', default: 'bart' },
    image: { type: 'string', default: 'examples/ship.jpg' },
    python: { type: 'string', default: 'python3' },
    without: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});

/** @param {string} relative */
function file(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}

const models = {
  'mit-b0': file('../models/tiny-image-classifier'),
  t5: file('../models/tiny-summarizer'),
  bart: file('../models/tiny-summarizer'),
  ...Object.fromEntries(
    flags.model.map((pair) => {
      const place = pair.indexOf('=');
      return [pair.slice(0, place), resolve(pair.slice(place + 1))];
    }),
  ),
};
const [rounds, seconds] = [Number(flags.rounds), Number(flags.seconds)];
const clientCounts = flags.clients.split(',').map(Number);
const hasAutocannon = existsSync(new URL('node_modules/autocannon', import.meta.url));
const hasTransformersJs = existsSync(new URL('node_modules/@huggingface/transformers', import.meta.url));
const hasWeights = Object.values(models).every((folder) => existsSync(join(folder, 'model.safetensors')));
const needed = 'import fastapi, uvicorn, multipart, PIL, torch, transformers';
const hasFastApi = hasWeights && spawnSync(flags.python, ['-c', needed], { stdio: 'ignore' }).status === 0;

/** What starts a peer. @param {Readonly<Record<string, string>>} served */
const peerJob = (served) => JSON.stringify({ models: served, numThreads: Number(flags.threads) });

/** Ours, started with these models. @param {Readonly<Record<string, string>>} served */
function serveArgs(served) {
  const options = ['--port', '0', '--threads', flags.threads, '--keep-alive', 'forever', '--max-queue', '1000'];
  const aliases = Object.entries(served).flatMap(([name, folder]) => ['--alias', `${name}=${folder}`]);
  return [ONNX_PREDICT, 'serve', ...options, '--preload', Object.keys(served).join(','), ...aliases];
}

const programs = [
  {
    name: 'onnx-predict serve',
    present: true,
    missing: '',
    command: (/** @type {Readonly<Record<string, string>>} */ served) => ({ args: serveArgs(served) }),
  },
  {
    name: 'transformers.js and Koa',
    present: hasTransformersJs,
    missing: 'npm install --prefix bench',
    command: (/** @type {Readonly<Record<string, string>>} */ served) => ({
      args: [file('peers/transformers-js-server.js'), peerJob(served)],
    }),
  },
  {
    name: 'FastAPI and PyTorch',
    present: hasFastApi,
    missing: hasWeights
      ? '--python: a Python that has fastapi, uvicorn, python-multipart, pillow, torch and transformers'
      : '--model mit-b0=, t5= and bart=: folders that have model.safetensors',
    command: (/** @type {Readonly<Record<string, string>>} */ served) => ({
      program: flags.python,
      args: [file('peers/fastapi_server.py'), peerJob(served)],
    }),
  },
].filter(({ name }) => !flags.without.some((part) => name.toLowerCase().includes(part.toLowerCase())));
/** @type {string[]} */
const failedPeers = [];
const present = programs.filter((program) => program.present);

const folder = await mkdtemp(join(tmpdir(), 'bench-serve-'));
/** @type {Awaited<ReturnType<typeof startServer>>[]} */
const started = [];

/** @param {(typeof programs)[number]} program @param {Readonly<Record<string, string>>} served */
async function start({ name, command }, served) {
  process.stderr.write(`starting ${name}\n`);
  const running = await startServer(command(served));
  started.push(running);
  if (name.startsWith('onnx-predict')) await untilReady(running.url, READY_TIMEOUT_MS);
  return running;
}

/** @returns {Promise<Route[]>} */
async function prepareRoutes() {
  const { contentType, body } = multipartBody(await readFile(flags.image));
  const text = JSON.stringify({ text: await readFile('examples/lighthouse.txt', 'utf8') });
  const [imageFile, textFile] = [join(folder, 'image'), join(folder, 'text')];
  await writeFile(imageFile, body);
  await writeFile(textFile, text);
  return [
    { name: 'GET /', path: '/', method: 'GET' },
    { name: 'picture', path: '/predict/image_classes', method: 'POST', contentType, bodyFile: imageFile },
    {
      name: 'summary',
      path: '/predict/text_summarize?model=t5',
      method: 'POST',
      contentType: 'application/json',
      bodyFile: textFile,
    },
  ];
}

/**
 * What is cheap is asked for as long as is wanted, and what is dear about as often as fits in that time, each to its end: none that is
 * slow is left out of the figures because the time was over.
 * @param {string} url @param {Route} route @param {number} connections @param {number} aloneMs
 * @returns {Promise<Load>}
 */
async function load(url, { path, method, contentType, bodyFile }, connections, aloneMs) {
  const bound = bodyFile === undefined ? { seconds } : { amount: Math.max(connections, Math.round((seconds * 1000) / aloneMs)) };
  const job = { url: `${url}${path}`, method, contentType, bodyFile, connections, timeoutSeconds: TIMEOUT_SECONDS, ...bound };
  return JSON.parse((await measureProcess([file('peers/autocannon-load.js'), JSON.stringify(job)])).output);
}

/** @param {string} url @param {Route} route the fastest of three, in milliseconds */
async function askAlone(url, { path, method, contentType, bodyFile }) {
  const init = bodyFile === undefined ? {} : { body: await readFile(bodyFile), headers: { 'content-type': contentType ?? '' } };
  let fastestMs = Infinity;
  for (let count = 0; count < 3; count++) {
    const startMs = performance.now();
    const response = await fetch(`${url}${path}`, { method, ...init });
    const answer = await response.text();
    if (response.status !== 200) throw new Error(`${url}${path} answered ${response.status}: ${answer}`);
    fastestMs = Math.min(fastestMs, performance.now() - startMs);
  }
  return fastestMs;
}

async function measureThroughput() {
  const routes = (await prepareRoutes()).filter(({ name }) => flags.route.includes(name));
  /** @type {Cell[]} */
  const cells = [];
  const { bart: _, ...asked } = models;
  for (const program of present) {
    const { url } = await start(program, asked);
    try {
      const alone = [];
      for (const route of routes) alone.push({ route, aloneMs: await askAlone(url, route) });
      for (const { route, aloneMs } of alone) {
        for (const clients of clientCounts) cells.push({ program: program.name, url, route, clients, aloneMs, loads: [] });
      }
    } catch (error) {
      // The others can be measured without it.
      failedPeers.push(`${program.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  // The servers of one route and count follow each other.
  const place = (/** @type {(typeof cells)[number]} */ { route, clients }) => [routes.indexOf(route), clients];
  cells.sort((a, b) => {
    const [[routeA = 0, clientsA = 0], [routeB = 0, clientsB = 0]] = [place(a), place(b)];
    return routeA - routeB || clientsA - clientsB;
  });
  for (let round = 0; round < rounds; round++) {
    for (const { program, url, route, clients, aloneMs, loads } of cells) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${route.name}, ${clients} client(s), ${program}\n`);
      loads.push(await load(url, route, clients, aloneMs));
    }
  }
  await Promise.all(started.splice(0).map(({ stop }) => stop('SIGKILL')));
  return cells.map(({ program, route, clients, loads }) => {
    const perSecond = loads.map(({ latencyMs, wallMs }) => (latencyMs.length * 1000) / wallMs);
    const all = loads.flatMap(({ latencyMs }) => latencyMs);
    return {
      route: route.name,
      clients,
      program,
      perSecond: round(median(perSecond)),
      perSecondMin: round(Math.min(...perSecond)),
      perSecondMax: round(Math.max(...perSecond)),
      p50Ms: round(median(loads.map(({ latencyMs }) => quantile(latencyMs, 0.5)))),
      p99Ms: round(median(loads.map(({ latencyMs }) => quantile(latencyMs, 0.99)))),
      numAnswers: all.length,
      numFailures: loads.reduce((sum, { numRefused, numErrors }) => sum + numRefused + numErrors, 0),
    };
  });
}

/** Milliseconds by which the server's own event loop was late since it was last asked; null where it does not say. @param {string} url */
async function loopDelay(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (/** @type {string} */ name) =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1]) * 1000;
  return { p99: round(read('p99')), max: round(read('max')) };
}

async function measureBusy() {
  const rows = [];
  const text = (await readFile('LICENSE', 'utf8')).repeat(4);
  for (const program of present) {
    const ours = program.name.startsWith('onnx-predict');
    const { url } = await start(program, models);
    const probe = { seconds: Number(flags['busy-seconds']), perSecond: PROBES_PER_SECOND, text };
    const busy = { ...probe, url, numSummaries: Number(flags['busy-summaries']), model: flags['busy-model'] };
    if (ours) await loopDelay(url);
    process.stderr.write(`asking ${program.name} for summaries, and GET / beside them\n`);
    const { output } = await measureProcess([file('probe-root.js'), JSON.stringify(busy)]);
    const serverLoop = ours ? await loopDelay(url) : null;
    const { latencyMs, numUnanswered, numSummaries, ownDelayMs } = /** @type {BusyProbe} */ (JSON.parse(output));
    rows.push({
      program: program.name,
      model: basename(models[/** @type {keyof typeof models} */ (flags['busy-model'])]),
      numProbes: latencyMs.length,
      p50Ms: round(quantile(latencyMs, 0.5)),
      p99Ms: round(quantile(latencyMs, 0.99)),
      maxMs: round(Math.max(...latencyMs)),
      numUnanswered,
      numSummaries: numSummaries.numAnswered,
      numRefused: numSummaries.numRefused,
      serverLoop,
      clientLoop: { p99: round(ownDelayMs.p99), max: round(ownDelayMs.max) },
    });
    // A blocked server could not be asked to end.
    await Promise.all(started.splice(0).map(({ stop }) => stop('SIGKILL')));
  }
  return rows;
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(3));
}

/** @param {readonly (string | number)[]} cells */
function line(cells) {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

if (!hasAutocannon && flags.measure.includes('throughput')) {
  process.stderr.write('autocannon is needed: npm install --prefix bench\n');
  process.exitCode = 2;
} else {
  try {
    const throughput = flags.measure.includes('throughput') ? await measureThroughput() : [];
    const busy = flags.measure.includes('busy') ? await measureBusy() : [];
    const absent = programs.filter((program) => !program.present).map(({ name, missing }) => `${name} (${missing})`);
    const missingPeers = [...absent, ...failedPeers];
    const machine = `${cpus()[0]?.model}, ${availableParallelism()} processors`;
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ node: process.version, machine, ...flags, throughput, busy, missingPeers })}\n`);
    } else {
      process.stdout.write(`Node ${process.version}, ${machine}, ${flags.threads} thread(s) per model\n`);
      process.stdout.write(
        `Models: ${Object.entries(models)
          .map(([name, folder]) => `${name}=${basename(folder)}`)
          .join(', ')}\n`,
      );
      if (throughput.length > 0) {
        process.stdout.write(`\n${rounds} rounds of about ${seconds} s, medians (lowest to highest of the rounds)\n\n`);
        line(['route', 'clients', 'server', 'answers/s', 'p50 ms', 'p99 ms', 'answers', 'failures']);
        line(Array(8).fill('---'));
        for (const row of throughput) {
          const spread = `${row.perSecond} (${row.perSecondMin} to ${row.perSecondMax})`;
          line([row.route, row.clients, row.program, spread, row.p50Ms, row.p99Ms, row.numAnswers, row.numFailures]);
        }
      }
      if (busy.length > 0) {
        process.stdout.write(
          `\n${flags['busy-summaries']} clients ask for summaries; GET / ${PROBES_PER_SECOND} times a second\n\n`,
        );
        const loops = ['server loop p99, max ms', 'client loop p99, max ms'];
        line(['server', 'model', 'GET / p50 ms', 'p99 ms', 'max ms', 'unanswered', 'summaries', 'refused', ...loops]);
        line(Array(10).fill('---'));
        for (const row of busy) {
          const { serverLoop, clientLoop } = row;
          const delays = [serverLoop, clientLoop].map((loop) => (loop === null ? '-' : `${loop.p99}, ${loop.max}`));
          const probes = [row.p50Ms, row.p99Ms, row.maxMs, `${row.numUnanswered} of ${row.numProbes}`];
          line([row.program, row.model, ...probes, row.numSummaries, row.numRefused, ...delays]);
        }
      }
      for (const peer of missingPeers) process.stdout.write(`\nNot measured: ${peer}\n`);
    }
  } finally {
    await Promise.all(started.map(({ stop }) => stop('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  }
}
