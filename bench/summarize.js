/**
 * What a summary costs, beside transformers.js and a plain loop over onnxruntime-node at the same greedy job, and PyTorch at both.
 *
 *     npm run bench:summarize -- [--model FOLDER]... [--text FILE] [--length N] [--threads N] [--rounds N] [--python PROGRAM]
 *         [--json]
 *
 * `--model` adds a T5- or BART-family model in Hub layout with a merged decoder; the built-in one is always measured. Every program
 * makes exactly `--length` tokens of the same text, each in a process of its own; they take turns, so that all see the same machine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureProcess } from './measure-process.js';
import { median, quantile } from './statistics.js';

/**
 * What a program prints.
 * @typedef {object} SummaryCost
 * @property {number} loadMs
 * @property {number[]} summaryMs
 * @property {number[]} stepMs one summary's decoder steps, all that is between two included
 * @property {number} inputTokens
 * @property {number} outputTokens
 * @property {number | null} peakMegabytes
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: [] },
    text: { type: 'string' },
    length: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'boolean', default: false },
  },
});
const text = flags.text === undefined ? (await readFile('LICENSE', 'utf8')).repeat(2) : await readFile(flags.text, 'utf8');
const hasTransformersJs = existsSync(new URL('node_modules/@huggingface/transformers', import.meta.url));

const hasTorch = spawnSync(flags.python, ['-c', 'import torch, transformers'], { stdio: 'ignore' }).status === 0;

/** @param {string} relative */
function file(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}

const models = [file('../models/tiny-summarizer'), ...flags.model.map((folder) => resolve(folder))];
const programs = models.flatMap((model) =>
  [
    { name: 'onnx-predict, greedy', script: 'measure-summaries.js', numBeams: 1 },
    { name: 'onnx-predict, 4 beams', script: 'measure-summaries.js', numBeams: 4 },
    { name: 'plain onnxruntime-node, greedy', script: 'peers/plain-summarize.js', numBeams: 1 },
    ...(hasTransformersJs
      ? [{ name: 'transformers.js, greedy', script: 'peers/transformers-js-summarize.js', numBeams: 1 }]
      : []),
    // PyTorch reads weights of its own.
    ...(hasTorch && existsSync(`${model}/model.safetensors`)
      ? [
          { name: 'PyTorch, greedy', script: 'peers/pytorch_summarize.py', numBeams: 1 },
          { name: 'PyTorch, 4 beams', script: 'peers/pytorch_summarize.py', numBeams: 4 },
        ]
      : []),
  ].map(({ name, script, numBeams }) => {
    const job = { model, text, numTokens: Number(flags.length), numThreads: Number(flags.threads), numBeams };
    const costs = /** @type {SummaryCost[]} */ ([]);
    const interpreter = script.endsWith('.py') ? flags.python : process.execPath;
    return { model: basename(model), name, interpreter, args: [file(script), JSON.stringify(job)], costs };
  }),
);

for (let round = 0; round < Number(flags.rounds); round++) {
  for (const { interpreter, args, costs } of programs) {
    const { output } = await measureProcess(args, { ORT_DISABLE_TELEMETRY: '1' }, interpreter);
    costs.push(/** @type {SummaryCost} */ (JSON.parse(output)));
  }
}

const greedyMs = new Map(
  programs
    .filter(({ name }) => name === 'onnx-predict, greedy')
    .map(({ model, costs }) => [model, median(costs.flatMap(({ summaryMs }) => summaryMs))]),
);
const rows = programs.map(({ model, name, costs }) => {
  const summaryMs = costs.flatMap((cost) => cost.summaryMs);
  const peaks = costs.flatMap(({ peakMegabytes }) => peakMegabytes ?? []);
  return {
    model,
    name,
    inputTokens: costs[0]?.inputTokens ?? 0,
    outputTokens: costs[0]?.outputTokens ?? 0,
    loadMs: Math.round(median(costs.map(({ loadMs }) => loadMs))),
    summaryMs: Math.round(median(summaryMs)),
    summaryMsP10: Math.round(quantile(summaryMs, 0.1)),
    summaryMsP90: Math.round(quantile(summaryMs, 0.9)),
    stepMs: Number(median(costs.flatMap(({ stepMs }) => stepMs)).toFixed(2)),
    timesOurs: Number((median(summaryMs) / (greedyMs.get(model) ?? Number.NaN)).toFixed(2)),
    peakMegabytes: peaks.length === 0 ? null : Math.round(Math.max(...peaks)),
  };
});
const missingPeers = [
  ...(hasTransformersJs ? [] : ['transformers.js (npm install --prefix bench)']),
  ...(hasTorch ? [] : ['PyTorch (--python: a Python that has torch and transformers)']),
];

if (flags.json) {
  process.stdout.write(`${JSON.stringify({ node: process.version, ...flags, text: text.length, rows, missingPeers })}\n`);
} else {
  process.stdout.write(`Node ${process.version}, ${flags.threads} thread(s), ${flags.rounds} rounds of 3 summaries, medians\n\n`);
  process.stdout.write(
    '| model | program | tokens in, out | load ms | ms per summary (10th to 90th) | x ours | ms per step | peak MB |\n',
  );
  process.stdout.write('|---|---|---|---|---|---|---|---|\n');
  for (const row of rows) {
    const spread = `${row.summaryMs} (${row.summaryMsP10} to ${row.summaryMsP90})`;
    const cells = [row.model, row.name, `${row.inputTokens}, ${row.outputTokens}`, row.loadMs, spread];
    process.stdout.write(`| ${[...cells, row.timesOurs, row.stepMs, row.peakMegabytes ?? '-'].join(' | ')} |\n`);
  }
  for (const peer of missingPeers) process.stdout.write(`\nNot installed, so not measured: ${peer}\n`);
}
