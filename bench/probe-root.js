// `GET /` at a steady pace, in a process of its own, while summaries keep a server busy: each that is answered is asked for again.
// node probe-root.js '{"url", "seconds", "perSecond", "numSummaries", "model", "text"}'
// A request's time counts from when it was due, also where those before it were not answered yet.
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const { url, seconds, perSecond, numSummaries, model, text } = JSON.parse(process.argv[2] ?? '');
/** A blocked server is waited for this long; what is not answered then counts with the time that it waited. */
const PATIENCE_MS = 60_000;
/** Until the summaries are being worked on. */
const SETTLE_MS = 1000;
const AGAIN_MS = 100;
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const summaries = { numAnswered: 0, numRefused: 0 };
let over = false;
/** @type {Set<import('node:http').ClientRequest>} */
const asked = new Set();

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {number} number texts differ, so that nobody can answer from memory */
function askSummary(number) {
  const headers = { 'content-type': 'application/json' };
  /** @param {boolean} answered */
  const again = (answered) => {
    if (over) return;
    if (answered) summaries.numAnswered += 1;
    else summaries.numRefused += 1;
    setTimeout(() => over || askSummary(number + numSummaries), answered ? 0 : AGAIN_MS);
  };
  const sent = request(`${url}/predict/text_summarize?model=${model}`, { method: 'POST', headers, agent: false }, (response) => {
    response.on('error', () => {});
    response.resume().once('end', () => again(response.statusCode === 200));
  });
  asked.add(sent);
  sent.once('close', () => asked.delete(sent));
  sent.on('error', () => again(false));
  sent.end(JSON.stringify({ text: `${number}. ${text}` }));
}

/** @param {number} dueMs @returns {Promise<number>} milliseconds */
function askRoot(dueMs) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(performance.now() - dueMs));
    });
    asked.add(sent);
    sent.once('close', () => asked.delete(sent));
    sent.once('error', reject);
    sent.end();
  });
}

for (let number = 0; number < numSummaries; number++) askSummary(number);
await wait(SETTLE_MS);
summaries.numAnswered = 0;
// What this process itself is late by is in the figures too.
const ownDelay = monitorEventLoopDelay({ resolution: 1 });
ownDelay.enable();
const startMs = performance.now();
/** @type {{ dueMs: number, ms: number | undefined }[]} */
const probes = [];
let numFailed = 0;
for (let number = 0; number < seconds * perSecond; number++) {
  const dueMs = startMs + (number * 1000) / perSecond;
  await wait(dueMs - performance.now());
  const probe = { dueMs, ms: /** @type {number | undefined} */ (undefined) };
  probes.push(probe);
  askRoot(dueMs).then(
    (ms) => {
      probe.ms = ms;
    },
    () => {
      numFailed += 1;
    },
  );
}
ownDelay.disable();
const { numAnswered, numRefused } = summaries;
const deadlineMs = performance.now() + PATIENCE_MS;
while (probes.filter(({ ms }) => ms === undefined).length > numFailed && performance.now() < deadlineMs) await wait(50);
over = true;
const numUnanswered = probes.filter(({ ms }) => ms === undefined).length;
const latencyMs = probes.map(({ dueMs, ms }) => ms ?? performance.now() - dueMs);
const ownDelayMs = { p99: ownDelay.percentile(99) / 1e6, max: ownDelay.max / 1e6 };
process.stdout.write(JSON.stringify({ latencyMs, numUnanswered, numSummaries: { numAnswered, numRefused }, ownDelayMs }));
// What is left is nobody's concern any more: those first that wait for a socket, lest they get one.
for (const sent of [...asked].reverse()) sent.destroy();
agent.destroy();
