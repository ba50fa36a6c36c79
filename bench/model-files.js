import { readFile, stat } from 'node:fs/promises';

const SUFFIXES = /** @type {Readonly<Record<string, string>>} */ ({ fp32: '', q8: '_quantized' });

/** @param {string} folder @returns {Promise<import('./physical-limit.js').Config>} */
export async function readConfig(folder) {
  return JSON.parse(await readFile(`${folder}/config.json`, 'utf8'));
}

/** Of the square that a classifier sees. @param {string} folder @returns {Promise<number>} */
export async function readEdge(folder) {
  const { size } = JSON.parse(await readFile(`${folder}/preprocessor_config.json`, 'utf8'));
  return typeof size === 'number' ? size : size.width;
}

/** Bytes of a classifier's file; null where it has none of this dtype. @param {string} folder @param {string} dtype */
export async function classifierBytes(folder, dtype) {
  const file = await stat(`${folder}/onnx/model${SUFFIXES[dtype] ?? `_${dtype}`}.onnx`).catch(() => null);
  return file?.size ?? null;
}
