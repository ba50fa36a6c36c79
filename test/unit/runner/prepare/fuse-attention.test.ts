import { expect, test } from 'vitest';
import { fuseAttention } from '../../../../src/runner/prepare/fuse-attention.ts';
import { GraphEditor } from '../../../../src/runner/prepare/graph-editor.ts';
import type { OnnxNode } from '../../../../src/runner/prepare/onnx-model.ts';
import { floats, graph, invalid, node, thrownBy } from './onnx-files.ts';

const ints = (...values: number[]) => ({
  dataType: 7,
  dims: [values.length],
  data: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** An attention of two heads over `in`, whose query comes to its product as `views` say. */
function attention(views: readonly OnnxNode[]): GraphEditor {
  const part = (name: string) => [node('MatMul', ['in', 'w'], [`${name}/m`]), node('Add', ['b', `${name}/m`], [name])];
  const divided = (name: string) => [
    node('Concat', ['one', 'one', 'one', 'size'], [`${name}/shape`]),
    node('Reshape', [name, `${name}/shape`], [`${name}/heads`]),
  ];
  const nodes = [
    ...part('q'),
    ...part('k'),
    ...part('v'),
    ...divided('k'),
    ...divided('v'),
    ...views,
    node('MatMul', ['query', 'k/heads'], ['scores']),
    node('Mul', ['scores', 'half'], ['scaled']),
    node('Softmax', ['scores'], ['weights']),
    node('MatMul', ['weights', 'v/heads'], ['context']),
    node('Reshape', ['context', 'one'], ['merged']),
    node('Neg', ['merged'], ['out']),
  ];
  const initializers = {
    w: floats(Array(64).fill(0), [8, 8]),
    b: floats(Array(8).fill(0)),
    one: ints(1),
    size: ints(4),
    half: floats([0.5], []),
  };
  return new GraphEditor(graph(nodes, { initializers: new Map(Object.entries(initializers)) }), 'new/');
}

const heads = [node('Concat', ['one', 'one', 'one', 'size'], ['q/shape']), node('Reshape', ['scaledQ', 'q/shape'], ['query'])];

test('makes one node of an attention, with its heads and what its queries are multiplied by', () => {
  const edited = attention([node('Mul', ['q', 'half'], ['scaledQ']), ...heads]);
  fuseAttention(edited);
  const fused = edited.finish().nodes.find(({ opType }) => opType === 'MultiHeadAttention');
  expect(fused?.inputs).toEqual(['q', 'k', 'v']);
  expect([...fused!.attributes.values()].map(({ value }) => value)).toEqual([2, 0.5]);
});

test('leaves an attention alone whose heads it cannot see', () => {
  const edited = attention([node('Reshape', ['q', 'one'], ['query'])]);
  fuseAttention(edited);
  expect(edited.finish().nodes.map(({ opType }) => opType)).toContain('Softmax');
});

test('does not follow a circle for ever', () => {
  const edited = attention([
    node('Squeeze', ['q/around'], ['query']),
    node('Add', ['there', 'b', 'q/m'], ['q/around']),
    node('Neg', ['back'], ['there']),
    node('Neg', ['there'], ['back']),
  ]);
  expect(thrownBy(() => fuseAttention(edited))).toMatchObject(invalid('circle'));
});
