/**
 * Whether the time of an answer tells a guesser anything of an API key.
 *
 *     npm run bench:key-timing -- [--keys N] [--samples N] [--requests N]
 *
 * Kinds of keys take turns in random order, and each is compared with one that has nothing in common with a right key: medians,
 * and Welch's t without the slowest twentieth, which is the machine's. Above 4.5 in either direction is a difference (as
 * https://eprint.iacr.org/2016/1123 has it); what chance and the places of things in memory make of it shows the kind that is the same
 * as the first. The control compares as one should not: it shows that a difference would be seen.
 * Exit status: 1 if there is one.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createApiKey, formatStoredKey, hashApiKey } from '../dist/api-keys.js';
import { findKey } from '../dist/http/access/key-ring.js';
import { createEngine, createServer } from '../dist/index.js';
import { median, quantile, welchT } from './statistics.js';

const { values: flags } = parseArgs({
  options: {
    keys: { type: 'string', default: '100' },
    samples: { type: 'string', default: '20000' },
    requests: { type: 'string', default: '3000' },
  },
});
const MAX_T = 4.5;
const CALLS_PER_SAMPLE = 5;
const WARM_UP = 200;

const keys = Array.from({ length: Number(flags.keys) }, createApiKey);
const stored = keys.map((key, i) => ({ name: `key-${i}`, hash: hashApiKey(key) }));
/** As a header is: V8 keeps texts that are put together in another form. @param {string} text */
const flat = (text) => Buffer.from(text).toString('latin1');
const first = flat(keys[0] ?? '');
const last = flat(keys.at(-1) ?? '');
const stranger = createApiKey();

/** A wrong key that begins as a right one. @param {string} key @param {number} length */
const beginningAs = (key, length) =>
  flat(key.slice(0, length) + stranger.replace(/^op_/, 'xx-').slice(length, -1) + differing(key, length));

/** @param {string} key @param {number} length */
function differing(key, length) {
  return length < key.length && key.endsWith('A') ? 'B' : 'A';
}

/** By what they are called, keys that are shown. */
const shown = new Map([
  ['nothing in common', beginningAs(first, 0)],
  ['the same', beginningAs(first, 0)],
  ...[3, 8, 16, 24, 32, 40, first.length - 1].map(
    (length) => /** @type {const} */ ([`first key, ${length} leading bytes`, beginningAs(first, length)]),
  ),
  ['last key, all but the last byte', beginningAs(last, last.length - 1)],
  ['no key', ''],
]);

/**
 * Takes samples of each kind in random order.
 * @param {ReadonlyMap<string, () => number | Promise<number>>} kinds
 * @param {number} numSamples of each
 */
async function sample(kinds, numSamples) {
  const samples = new Map([...kinds.keys()].map((name) => [name, /** @type {number[]} */ ([])]));
  for (let i = -WARM_UP; i < numSamples; i++) {
    const order = [...kinds].map((kind) => ({ kind, place: Math.random() })).sort((a, b) => a.place - b.place);
    for (const {
      kind: [name, measure],
    } of order) {
      const value = await measure();
      if (i >= 0) samples.get(name)?.push(value);
    }
  }
  return samples;
}

/**
 * Prints each kind beside the first one.
 * @param {string} title
 * @param {ReadonlyMap<string, number[]>} samples microseconds
 * @returns {number} the largest difference, as |t|
 */
function report(title, samples) {
  const limit = quantile([...samples.values()].flat(), 0.95);
  const kept = [...samples].map(([name, values]) => /** @type {const} */ ([name, values.filter((value) => value <= limit)]));
  const [, reference = []] = kept[0] ?? [];
  process.stdout.write(`\n${title}\n${'kind'.padEnd(38)}${'n'.padStart(8)}${'median'.padStart(11)}${'t'.padStart(8)}\n`);
  let largest = 0;
  for (const [name, values] of kept) {
    const t = values === reference ? 0 : welchT(values, reference);
    largest = Math.max(largest, Math.abs(t));
    process.stdout.write(
      `${name.padEnd(38)}${String(values.length).padStart(8)}${`${median(values).toFixed(2)} µs`.padStart(11)}${t.toFixed(2).padStart(8)}\n`,
    );
  }
  return largest;
}

/** @param {() => unknown} call */
const timed = (call) => () => {
  const start = process.hrtime.bigint();
  for (let i = 0; i < CALLS_PER_SAMPLE; i++) call();
  return Number(process.hrtime.bigint() - start) / 1000 / CALLS_PER_SAMPLE;
};

/** As one should not: byte by byte up to the first difference, key by key up to the first that matches. @param {string} presented */
function findKeyNaively(presented) {
  return keys.find((key) => {
    if (presented.length !== key.length) return false;
    for (let i = 0; i < key.length; i++) if (presented[i] !== key[i]) return false;
    return true;
  });
}

/** Files of which the keys' hashes begin as the hash of what is shown. */
const nearFiles = [0, 0, 8, 16, 24, 31].map((length, place) => {
  const near = hashApiKey(stranger).map((byte, i) => (i < length ? byte : byte ^ 255));
  const file = stored.map((key) => ({ ...key, hash: Buffer.from(near) }));
  return /** @type {const} */ ([
    place === 1 ? 'the same' : `${length} leading bytes of the hash`,
    timed(() => findKey(file, stranger)),
  ]);
});

const numSamples = Number(flags.samples);
const all = new Map([...shown, ['first key of the file', first], ['last key of the file', last]]);
const compared = await sample(new Map([...all].map(([name, key]) => [name, timed(() => findKey(stored, key))])), numSamples);
const near = await sample(new Map(nearFiles), numSamples);
const controlled = await sample(new Map([...all].map(([name, key]) => [name, timed(() => findKeyNaively(key))])), numSamples);

const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-bench-'));
const apiKeyFile = join(folder, 'keys.txt');
await writeFile(apiKeyFile, stored.map((key) => `${formatStoredKey(key)}\n`).join(''), { mode: 0o600 });
const engine = createEngine();
const server = createServer(engine, { apiKeyFile });
const { port } = await server.listen({ port: 0 });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The time of an answer: 401 or 429 to a wrong key, 422 to a right one, as there is no text. @param {string} key */
const answered = (key) => async () => {
  const start = process.hrtime.bigint();
  const headers = key === '' ? {} : { authorization: `Bearer ${key}` };
  const sent = request({ port, host: '127.0.0.1', path: '/predict/text_summarize', method: 'POST', agent, headers });
  sent.end();
  const [response] = await once(sent, 'response');
  await text(response);
  return Number(process.hrtime.bigint() - start) / 1000;
};
const numRequests = Number(flags.requests);
const refused = await sample(new Map([...shown].map(([name, key]) => [name, answered(key)])), numRequests);
const admitted = await sample(
  new Map([
    ['first key of the file', answered(first)],
    ['last key of the file', answered(last)],
  ]),
  numRequests,
);
agent.destroy();
await server.close({ timeoutMs: 0 });
await engine.close();
await rm(folder, { recursive: true });

const control = report(`Control: comparing ${keys.length} keys as one should not`, controlled);
const differences = [
  report(`Comparing with ${keys.length} hashes`, compared),
  report('Comparing with hashes that are alike', near),
  report('Answers over HTTP: refused', refused),
  report('Answers over HTTP: admitted', admitted),
];
const found = differences.some((t) => t > MAX_T);
process.stdout.write(
  `\nlargest |t| ${Math.max(...differences).toFixed(2)} (a difference is above ${MAX_T}); of the control ${control.toFixed(2)}\n`,
);
if (found) process.exitCode = 1;
