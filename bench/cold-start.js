/**
 * From process start to label, beside what that cannot be less than and what others need.
 *
 *     npm run bench:cold-start -- [--model FOLDER]... [--image FILE] [--rounds N] [--json]
 *
 * `--model` adds a classifier in Hub layout; the built-in one is always measured. Programs take turns, so that all of them see the
 * same machine.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureProcess } from './measure-process.js';
import { median, quantile } from './statistics.js';

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string[]} args
 * @property {import('./measure-process.js').ProcessCost[]} runs
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: [] },
    image: { type: 'string', default: 'examples/ship.jpg' },
    rounds: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);
const image = resolve(flags.image);
const builtin = fileURLToPath(new URL('../models/tiny-image-classifier', import.meta.url));
const hasTransformersJs = existsSync(new URL('node_modules/@huggingface/transformers', import.meta.url));

/** @param {string} name @param {string[]} args @returns {Program} */
function program(name, args) {
  return { name, args, runs: [] };
}

/** @param {string} relative */
function file(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}

const models = [builtin, ...flags.model.map((folder) => resolve(folder))];
const programs = [
  program('node -e 0', ['-e', '0']),
  program('importing onnxruntime-node and sharp', [file('peers/imports-only.js')]),
  ...models.flatMap((model) => [
    program(`onnx-predict, ${model}`, [file('../bin/onnx-predict.js'), 'classify', image, '--model', model]),
    ...(hasTransformersJs
      ? [program(`transformers.js, ${model}`, [file('peers/transformers-js-classify.js'), model, image])]
      : []),
  ]),
];

for (let round = -1; round < rounds; round++) {
  for (const { args, runs } of programs) {
    const cost = await measureProcess(args, { ORT_DISABLE_TELEMETRY: '1' });
    // The first round fills the system's file cache.
    if (round >= 0) runs.push(cost);
  }
}

const importsMs = median(programs[1]?.runs.map(({ labelMs }) => labelMs) ?? []);
const rows = programs.map(({ name, runs }) => {
  const labelMs = runs.map((run) => run.labelMs);
  return {
    name: name.replace(/(?<=, ).*\//, ''),
    labelMs: Math.round(median(labelMs)),
    labelMsP10: Math.round(quantile(labelMs, 0.1)),
    labelMsP90: Math.round(quantile(labelMs, 0.9)),
    endMs: Math.round(median(runs.map((run) => run.endMs))),
    cpuMs: Math.round(median(runs.map((run) => run.cpuMs))),
    timesImports: Number((median(labelMs) / importsMs).toFixed(2)),
    output: runs[0]?.output.trim() ?? '',
  };
});
const missingPeers = hasTransformersJs ? [] : ['transformers.js (npm install --prefix bench)'];

if (flags.json) {
  process.stdout.write(`${JSON.stringify({ node: process.version, rounds, rows, missingPeers })}\n`);
} else {
  process.stdout.write(`Node ${process.version}, ${rounds} rounds, medians (10th to 90th percentile), milliseconds\n\n`);
  process.stdout.write('| program | to label | to end | processor | x imports | answer |\n|---|---|---|---|---|---|\n');
  for (const row of rows) {
    const spread = `${row.labelMs} (${row.labelMsP10} to ${row.labelMsP90})`;
    process.stdout.write(
      `| ${row.name} | ${spread} | ${row.endMs} | ${row.cpuMs} | ${row.timesImports} | ${row.output.replace('\t', ' ')} |\n`,
    );
  }
  for (const peer of missingPeers) process.stdout.write(`\nNot installed, so not measured: ${peer}\n`);
}
