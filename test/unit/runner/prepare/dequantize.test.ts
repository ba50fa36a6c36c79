import { expect, test } from 'vitest';
import { dequantize } from '../../../../src/runner/prepare/dequantize.ts';
import { GraphEditor } from '../../../../src/runner/prepare/graph-editor.ts';
import { FLOAT, INT8, type OnnxGraph, type OnnxNode, type OnnxTensor, UINT8 } from '../../../../src/runner/prepare/onnx-model.ts';
import { readTensorData } from '../../../../src/runner/prepare/tensor-data.ts';

const node = (opType: string, inputs: string[], outputs: string[]): OnnxNode => {
  return { opType, domain: '', name: '', inputs, outputs, attributes: new Map() };
};
const value = (name: string) => ({ name, dataType: FLOAT, dims: [] });
const floats = (...numbers: number[]): OnnxTensor => {
  return { dataType: FLOAT, dims: [numbers.length], data: new Uint8Array(Float32Array.from(numbers).buffer) };
};
const int8 = (dims: number[], ...numbers: number[]): OnnxTensor => {
  return { dataType: INT8, dims, data: new Uint8Array(Int8Array.from(numbers).buffer) };
};
const uint8 = (dims: number[], ...numbers: number[]): OnnxTensor => ({ dataType: UINT8, dims, data: Uint8Array.from(numbers) });

function edit(nodes: readonly OnnxNode[], initializers: Readonly<Record<string, OnnxTensor>>): GraphEditor {
  const graph: OnnxGraph = {
    nodes,
    initializers: new Map(Object.entries(initializers)),
    inputs: [value('x')],
    outputs: [value('y')],
  };
  return new GraphEditor(graph, 'new/');
}

/** The numbers of a graph's constant of floating-point numbers. */
function numbersOf(graph: OnnxGraph): number[] {
  const tensors = [...graph.initializers.values()].filter(({ dataType }) => dataType === FLOAT);
  expect(tensors).toHaveLength(1);
  return [...new Float32Array(readTensorData(tensors[0]!).buffer)];
}

const opTypes = (graph: OnnxGraph) => graph.nodes.map(({ opType }) => opType);

const PRODUCT = [
  node('DynamicQuantizeLinear', ['x'], ['xq', 'xs', 'xz']),
  node('MatMulInteger', ['xq', 'w', 'xz', 'z'], ['integers']),
  node('Cast', ['integers'], ['cast']),
  node('Mul', ['xs', 's'], ['scales']),
  node('Mul', ['cast', 'scales'], ['y']),
];

test('a product of integers becomes one with the numbers that they stand for, column by column', () => {
  const graph = edit(PRODUCT, { w: int8([2, 2], 1, -2, 3, 127), z: int8([2], 0, 1), s: floats(0.5, 2) });
  expect(dequantize(graph)).toBe(true);
  const after = graph.finish();
  expect(after.nodes.map(({ opType, inputs, outputs }) => [opType, inputs[0], outputs[0]])).toEqual([['MatMul', 'x', 'y']]);
  expect(numbersOf(after)).toEqual([0.5, -6, 1.5, 252]);
});

test('one scale and one zero point are those of all columns', () => {
  const graph = edit(PRODUCT, { w: uint8([1, 2], 128, 0), z: uint8([], 128), s: floats(0.25) });
  expect(dequantize(graph)).toBe(true);
  expect(numbersOf(graph.finish())).toEqual([0, -32]);
});

test('a transposed matrix that is dequantised at every step is a constant again', () => {
  const nodes = [
    node('Transpose', ['w'], ['t']),
    node('DequantizeLinear', ['t', 's', 'z'], ['numbers']),
    node('MatMul', ['x', 'numbers'], ['y']),
  ];
  const graph = edit(nodes, { w: uint8([2, 1], 3, 5), z: uint8([], 1), s: floats(2) });
  expect(dequantize(graph)).toBe(true);
  expect(opTypes(graph.finish())).toEqual(['Transpose', 'MatMul']);
  expect(numbersOf(graph.finish())).toEqual([4, 8]);
});

test.each([
  ['small', 64, ['Gather']],
  ['large', 8192, ['Gather', 'DequantizeLinear']],
])('of a table that numbers are looked up in, a %s one is dequantised', (_, length, expected) => {
  const nodes = [
    node('Gather', ['w', 'x'], ['found']),
    node('DequantizeLinear', ['found', 's', 'z'], ['y2']),
    node('Relu', ['y2'], ['y']),
  ];
  const graph = edit(nodes, { w: uint8([length, 1], ...Array(length).fill(1)), z: uint8([], 0), s: floats(3) });
  dequantize(graph);
  expect(opTypes(graph.finish())).toEqual([...expected, 'Relu']);
});

test('a graph without 8 bits stays as it is, and so does what is not of the known kind', () => {
  const plain = edit([node('Relu', ['x'], ['y'])], {});
  expect(dequantize(plain)).toBe(false);
  const odd = edit(PRODUCT, { w: int8([2, 2], 1, 2, 3, 4), z: int8([2], 0, 0), s: floats(1, 2, 3) });
  expect(dequantize(odd)).toBe(false);
  expect(opTypes(odd.finish())).toContain('MatMulInteger');
});
