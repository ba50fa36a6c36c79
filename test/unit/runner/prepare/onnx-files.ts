import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from '../../../../src/runner/prepare/onnx-model.ts';
import { createWeightFiles } from '../../../../src/runner/prepare/weight-files.ts';
import { createWireWriter, type WireWriter } from '../../../../src/runner/prepare/wire-writer.ts';
import { writeOnnx } from '../../../../src/runner/prepare/write-onnx.ts';

export const FIXTURES = join(import.meta.dirname, '../../../fixtures/models');

/** A folder that is gone when the test has ended. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'prepare-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes an ONNX file of one graph, whose fields are the caller's. */
export function writeGraphFile(folder: string, write: (graph: WireWriter) => void, more: (model: WireWriter) => void = () => {}) {
  const writer = createWireWriter();
  writer.integer(1, 8);
  writer.message(7, write);
  more(writer);
  const path = join(folder, 'model.onnx');
  writeFileSync(path, writer.finish());
  return path;
}

/** Writes a model as the preparer does; its large weights go beside it. */
export function writeModel(folder: string, model: OnnxModel, name = 'model.onnx'): string {
  const weights = createWeightFiles(folder);
  writeOnnx(model, { folder, name, weights });
  weights.close();
  return join(folder, name);
}

export function model(graph: OnnxGraph): OnnxModel {
  return { irVersion: 8, opsets: new Map([['', 14]]), graph };
}

export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  more: Partial<OnnxNode> = {},
): OnnxNode {
  return { opType, domain: '', name: '', inputs, outputs, attributes: new Map(), ...more };
}

export function floats(values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor {
  return { dataType: 1, dims, data: new Uint8Array(Float32Array.from(values).buffer) };
}

export function graph(nodes: readonly OnnxNode[], more: Partial<OnnxGraph> = {}): OnnxGraph {
  const value = (name: string) => ({ name, dataType: 1, dims: ['n'] });
  return { nodes, initializers: new Map(), inputs: [value('in')], outputs: [value('out')], ...more };
}

/** The same numbers at every run, 0 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** The error that something throws. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** What is refused of a model. */
export const invalid = (message: RegExp | string = /./) => ({
  code: 'MODEL_INVALID',
  message: expectMatching(message),
});

function expectMatching(message: RegExp | string): unknown {
  return { asymmetricMatch: (text: unknown) => typeof text === 'string' && new RegExp(message).test(text) };
}
