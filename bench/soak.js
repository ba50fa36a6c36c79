/**
 * Minutes of mixed load on `onnx-predict serve`, with clients that leave, inputs that are wrong and runners that are killed: is every
 * answer right, and is everything given back?
 *
 *     npm run soak -- [--minutes 10] [--kill-every 20] [--seed 1] [--model NAME=FOLDER]... [--tolerance-mb 16] [--json]
 *
 * `--model` says which folder, in Hub layout, answers to t5, bart and mit-b0; the built-in models otherwise. `--kill-every 0` kills
 * nothing. Every request is first answered while there is no other: that is what its later answers must equal. Each minute ends with a
 * pause, until the idle models are unloaded, after which nothing may be left. Exit status 1: an answer was wrong or lost, or something
 * was kept that should have been given back. Needs /proc.
 */
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judgeOutcome } from './judge-outcome.js';
import { judgeSamples } from './judge-samples.js';
import { memoryOf, numDescriptorsOf, runnersOf } from './process-figures.js';
import { ONNX_PREDICT, startServer } from './server-process.js';
import { ask } from './soak-client.js';
import { createRandom, makeSoakRequests, SERVER_OPTIONS } from './soak-requests.js';

/** @typedef {import('./soak-requests.js').SoakRequest & { reference: import('./judge-outcome.js').Reference }} KnownRequest */
/** @typedef {import('./judge-samples.js').QuietSample} QuietSample */

const MODELS = ['t5', 'bart', 'mit-b0'];
const KEEP_ALIVE_MS = 3000;
const LOAD_MS = 48_000;
const PHASE_MS = 6000;
const SAMPLE_EVERY_MS = 2000;
/** Longer than idle models and their memory take to go. */
const QUIET_TIMEOUT_MS = KEEP_ALIVE_MS + 10_000;
const CLIENT_COUNTS = [1, 2, 4, 8, 16, 32];
const CANCELLED_SHARE = 0.1;
const QUICK_SHARE = 0.1;
const MAX_CANCEL_MS = 300;
const REFUSED_PAUSE_MS = 200;
const MAX_EXAMPLES = 10;
const RUNNER_ENDED = /the runner of (\S+) ended/;
/** A runner that was being unloaded is not told of. */
const NOTICED_TIMEOUT_MS = 5000;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    'kill-every': { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string', multiple: true, default: [] },
    'tolerance-mb': { type: 'string', default: '16' },
    json: { type: 'boolean', default: false },
  },
});
const numMinutes = Number(flags.minutes);
const killEveryMs = Number(flags['kill-every']) * 1000;
const random = createRandom(Number(flags.seed));
/** @type {<T>(values: readonly T[]) => T} */
const oneOf = (values) => /** @type {any} */ (values[Math.floor(random() * values.length)]);
/** @param {number} ms @returns {Promise<void>} */
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const folders = {
  'mit-b0': fileURLToPath(new URL('../models/tiny-image-classifier', import.meta.url)),
  t5: fileURLToPath(new URL('../models/tiny-summarizer', import.meta.url)),
  bart: fileURLToPath(new URL('../models/tiny-summarizer', import.meta.url)),
  ...Object.fromEntries(flags.model.map((pair) => [pair.split('=', 1)[0] ?? '', resolve(pair.slice(pair.indexOf('=') + 1))])),
};

const home = await mkdtemp(join(tmpdir(), 'soak-'));
const temporary = join(home, 'tmp');
await mkdir(temporary);
/** @type {import('./judge-outcome.js').Kill[]} */
const kills = [];
const counts = newCounts();
const examples = /** @type {string[]} */ ([]);
const answeredRight = /** @type {Set<string>} */ (new Set());

function newCounts() {
  return { right: 0, refused: 0, crashed: 0, cancelled: 0, wrong: 0, lost: 0 };
}

async function start() {
  const aliases = [];
  for (const [name, folder] of Object.entries(folders)) {
    // Under its name, so that the log says which runner has ended.
    await symlink(folder, join(home, name));
    aliases.push('--alias', `${name}=${join(home, name)}`);
  }
  const options = ['--port', '0', '--threads', '1', '--keep-alive', `${KEEP_ALIVE_MS}ms`, ...SERVER_OPTIONS, ...aliases];
  return startServer({ args: [ONNX_PREDICT, 'serve', ...options], env: { TMPDIR: temporary }, onLine: noticeEnd });
}

/** @param {string} line */
function noticeEnd(line) {
  const id = RUNNER_ENDED.exec(line)?.[1];
  const kill = kills.find(({ noticedMs }) => noticedMs === Infinity);
  if (id === undefined || kill === undefined) return;
  kill.model = basename(id.replace(/\\?"?$/, ''));
  kill.noticedMs = performance.now();
}

/**
 * Asks everything once, one after the other.
 * @param {string} url
 * @returns {Promise<KnownRequest[]>}
 */
async function recordReferences(url) {
  const known = [];
  for (const request of await makeSoakRequests(random)) {
    const { status, body, failure } = await ask(url, request);
    if (status !== request.status)
      throw new Error(`${request.name}: ${failure ?? status} ${JSON.stringify(body)}, and it was alone`);
    known.push({ ...request, reference: { status, body } });
  }
  return known;
}

/** @param {KnownRequest} request @param {import('./judge-outcome.js').Outcome} outcome */
function judge(request, outcome) {
  const verdict = judgeOutcome(request, outcome, kills);
  counts[verdict] += 1;
  if (verdict === 'right') answeredRight.add(request.name);
  if ((verdict === 'wrong' || verdict === 'lost') && examples.length < MAX_EXAMPLES) {
    const { status, failure, body, startMs, endMs } = outcome;
    const answer = failure ?? `${status} ${JSON.stringify(body)?.slice(0, 300)}`;
    examples.push(`${verdict}: ${request.name} after ${Math.round(endMs - startMs)} ms: ${answer}`);
  }
  return verdict;
}

/**
 * Some clients that ask for what some of the models answer; resolves when all have their answers.
 * @param {string} url @param {readonly KnownRequest[]} known
 */
async function runPhase(url, known) {
  const agent = new Agent({ keepAlive: true });
  const chosen = MODELS.filter(() => random() < 0.6);
  const models = chosen.length === 0 ? [oneOf(MODELS)] : chosen;
  const asked = known.filter(({ model }) => model !== null && models.includes(model));
  const quick = known.filter(({ model }) => model === null);
  const endMs = performance.now() + PHASE_MS;
  const client = async () => {
    while (performance.now() < endMs) {
      const request = oneOf(random() < QUICK_SHARE ? quick : asked);
      // Mostly soon, as much is answered soon.
      const breakOff =
        random() < CANCELLED_SHARE ? { afterMs: random() ** 3 * MAX_CANCEL_MS, halfSent: random() < 0.3 } : undefined;
      const verdict = judge(request, await ask(url, request, { agent, ...(breakOff === undefined ? {} : { breakOff }) }));
      if (verdict === 'refused') await wait(REFUSED_PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: oneOf(CLIENT_COUNTS) }, client));
  agent.destroy();
}

/** @param {number} server */
async function killRunner(server) {
  const runners = await runnersOf(server);
  if (runners.length === 0) return;
  const pid = oneOf(runners);
  /** @type {import('./judge-outcome.js').Kill} */
  const kill = { atMs: performance.now(), noticedMs: Infinity, model: undefined };
  kills.push(kill);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended just now.
  }
  setTimeout(() => {
    if (kill.noticedMs === Infinity) kill.noticedMs = performance.now();
  }, NOTICED_TIMEOUT_MS).unref();
}

/** @param {number} pid */
async function takeSample(pid) {
  const runners = await runnersOf(pid);
  const memory = await Promise.all(runners.map(memoryOf));
  return {
    serverBytes: (await memoryOf(pid)).rssBytes,
    runnerBytes: memory.reduce((sum, { pssBytes }) => sum + pssBytes, 0),
    numRunners: runners.length,
    numDescriptors: await numDescriptorsOf(pid),
    numTemporaryFiles: (await readdir(temporary)).length,
  };
}

/** @param {number} pid what it still holds when it has had time to give everything back */
async function untilQuiet(pid) {
  const deadlineMs = performance.now() + QUIET_TIMEOUT_MS;
  for (;;) {
    const sample = await takeSample(pid);
    if ((sample.numRunners === 0 && sample.numTemporaryFiles === 0) || performance.now() > deadlineMs) {
      // What ended last is closed by now.
      await wait(500);
      return takeSample(pid);
    }
    await wait(250);
  }
}

/** @param {readonly (string | number)[]} cells */
function line(cells) {
  if (!flags.json) process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** @param {number} bytes */
const megabytes = (bytes) => Math.round(bytes / 1e6);

/** @param {Awaited<ReturnType<typeof startServer>>} server */
async function soak({ url, pid, alive }) {
  const known = await recordReferences(url);
  const quiet = /** @type {QuietSample[]} */ ([]);
  const minutes = [];
  line([
    ...['minute', 'requests', ...Object.keys(counts), 'kills'],
    'server MB, most',
    'runners MB, most',
    'fds, most',
    'files, most',
  ]);
  line(Array(12).fill('---'));
  for (let minute = 1; minute <= numMinutes && alive(); minute++) {
    const before = { ...counts, numKills: kills.length };
    const busy = /** @type {Awaited<ReturnType<typeof takeSample>>[]} */ ([]);
    const sampler = setInterval(() => {
      takeSample(pid).then(
        (sample) => busy.push(sample),
        () => {},
      );
    }, SAMPLE_EVERY_MS);
    const killer = killEveryMs > 0 ? setInterval(() => void killRunner(pid), killEveryMs) : undefined;
    const endMs = performance.now() + LOAD_MS;
    while (performance.now() < endMs && alive()) await runPhase(url, known);
    clearInterval(killer);
    clearInterval(sampler);
    if (!alive()) break;
    const after = await untilQuiet(pid);
    quiet.push({ minute, ...after });
    const most = (/** @type {keyof typeof after} */ name) => Math.max(...busy.map((sample) => sample[name]));
    const gained = Object.entries(counts).map(([name, count]) => count - before[/** @type {keyof typeof counts} */ (name)]);
    const numKills = kills.length - before.numKills;
    const total = gained.reduce((sum, count) => sum + count, 0);
    minutes.push({ minute, requests: total, ...after, numKills });
    line([
      ...[minute, total, ...gained, numKills],
      `${megabytes(after.serverBytes)}, ${megabytes(most('serverBytes'))}`,
      `${megabytes(after.runnerBytes)}, ${megabytes(most('runnerBytes'))}`,
      `${after.numDescriptors}, ${most('numDescriptors')}`,
      `${after.numTemporaryFiles}, ${most('numTemporaryFiles')}`,
    ]);
  }
  return { quiet, minutes, neverRight: known.map(({ name }) => name).filter((name) => !answeredRight.has(name)) };
}

const server = await start();
let stopped = false;
try {
  const { quiet, minutes, neverRight } = await soak(server);
  const toleranceBytes = Number(flags['tolerance-mb']) * 1e6;
  const { faults, growthBytes } = judgeSamples(quiet, { toleranceBytes });
  if (!server.alive()) faults.push(`the server ended:\n${server.lines.slice(-5).join('\n')}`);
  const left = await runnersOf(server.pid);
  const ending = await server.stop('SIGTERM');
  stopped = true;
  if (ending !== 0) faults.push(`the server ended with ${ending}`);
  for (const pid of left) if ((await memoryOf(pid)).rssBytes > 0) faults.push(`runner ${pid} outlived the server`);
  for (const name of await readdir(temporary)) faults.push(`${name} was left in the temporary folder`);
  if (counts.wrong > 0) faults.push(`${counts.wrong} answer(s) were wrong`);
  if (counts.lost > 0) faults.push(`${counts.lost} answer(s) were lost`);
  process.exitCode = faults.length === 0 ? 0 : 1;
  if (flags.json) {
    process.stdout.write(
      `${JSON.stringify({ ...flags, counts, kills: kills.length, growthBytes, minutes, neverRight, examples, faults })}\n`,
    );
  } else {
    const growth = growthBytes === null ? 'too short a run to tell' : `${(growthBytes / 1e6).toFixed(1)} MB`;
    process.stdout.write(
      `\nSeed ${flags.seed}, ${kills.length} kills. Of ${Object.values(counts).reduce((a, b) => a + b)} requests: `,
    );
    process.stdout.write(
      `${Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}.\n`,
    );
    process.stdout.write(
      `Growth of the server's memory after two minutes: ${growth} (tolerated: ${flags['tolerance-mb']} MB).\n`,
    );
    if (neverRight.length > 0) process.stdout.write(`Never answered under load (run it longer): ${neverRight.join('; ')}\n`);
    for (const example of examples) process.stdout.write(`${example}\n`);
    for (const fault of faults) process.stdout.write(`FAULT: ${fault}\n`);
    process.stdout.write(faults.length === 0 ? 'PASSED\n' : 'FAILED\n');
  }
} finally {
  if (!stopped) await server.stop('SIGKILL');
  await rm(home, { recursive: true, force: true });
}
