import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./measure-job.js').Job} Job */
/**
 * What takes part in a benchmark.
 * @typedef {object} Program
 * @property {Job['program']} name
 * @property {string | null} missing why it cannot take part, and what would help; null where it can
 * @property {number} maxBeams 1: it searches greedily whatever it is told
 * @property {readonly string[] | null} dtypes null: any
 * @property {string | null} file what a model's folder needs for it
 */

/** Ours. */
export const OURS = 'onnx-predict';
const JOB_FILE = fileURLToPath(new URL('measure-job.js', import.meta.url));
const PYTORCH_FILE = fileURLToPath(new URL('peers/pytorch.py', import.meta.url));

/**
 * All programs, ours first.
 * @param {string} python
 * @param {readonly string[]} without parts of names that are left out
 * @returns {Program[]}
 */
export function listPrograms(python, without) {
  const hasTransformersJs = existsSync(new URL('node_modules/@huggingface/transformers', import.meta.url));
  const hasTorch = spawnSync(python, ['-c', 'import torch, transformers, PIL'], { stdio: 'ignore' }).status === 0;
  /** @type {Program[]} */
  const programs = [
    { name: OURS, missing: null, maxBeams: Infinity, dtypes: null, file: null },
    {
      name: 'transformers.js',
      missing: hasTransformersJs ? null : 'npm install --prefix bench',
      maxBeams: 1,
      dtypes: null,
      file: null,
    },
    { name: 'plain ONNX Runtime', missing: null, maxBeams: Infinity, dtypes: null, file: null },
    {
      name: 'PyTorch',
      missing: hasTorch ? null : '--python: a Python that has torch, transformers and pillow',
      maxBeams: Infinity,
      dtypes: ['fp32'],
      // It reads weights of its own.
      file: 'model.safetensors',
    },
  ];
  return programs.filter(({ name }) => name === OURS || !without.some((part) => name.toLowerCase().includes(part.toLowerCase())));
}

/**
 * Why a program cannot take part with a model; null where it can.
 * @param {Program} program
 * @param {string} folder
 */
export function whyAbsent({ missing, file }, folder) {
  if (missing !== null) return missing;
  return file === null || existsSync(join(folder, file)) ? null : `${file} is not in the model's folder`;
}

/**
 * How a program is started for a job.
 * @param {Job} job
 * @param {string} python
 */
export function jobCommand(job, python) {
  return job.program === 'PyTorch'
    ? { interpreter: python, args: [PYTORCH_FILE, JSON.stringify(job)] }
    : { interpreter: process.execPath, args: [JOB_FILE, JSON.stringify(job)] };
}
