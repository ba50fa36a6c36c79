import { describe, expect, test } from 'vitest';
import { GraphEditor } from '../../../../src/runner/prepare/graph-editor.ts';
import type { OnnxAttribute, OnnxGraph, OnnxNode } from '../../../../src/runner/prepare/onnx-model.ts';
import { floats, graph, invalid, node, thrownBy } from './onnx-files.ts';

const finish = (source: OnnxGraph) => new GraphEditor(source, 'new/').finish();
const opTypes = ({ nodes }: OnnxGraph) => nodes.map(({ opType }) => opType);

function constant(name: string, attributes: Readonly<Record<string, OnnxAttribute>>): OnnxNode {
  return node('Constant', [], [name], { attributes: new Map(Object.entries(attributes)) });
}

describe('GraphEditor', () => {
  test('leaves out nodes, weights and inputs that no output needs', () => {
    const source = graph([node('Neg', ['in'], ['out']), node('Add', ['in', 'w'], ['dead']), node('Abs', ['dead'], ['deader'])], {
      initializers: new Map([['w', floats([1])]]),
      inputs: ['in', 'unused'].map((name) => ({ name, dataType: 1, dims: [] })),
    });
    const result = finish(source);
    expect(opTypes(result)).toEqual(['Neg']);
    expect(result.initializers.size).toBe(0);
    expect(result.inputs.map(({ name }) => name)).toEqual(['in']);
  });

  test('puts nodes into an order in which they can run, whatever the order was', () => {
    const nodes = [node('Add', ['b', 'a'], ['out']), node('Mul', ['a', 'a'], ['b']), node('Neg', ['in'], ['a'])];
    expect(opTypes(finish(graph(nodes)))).toEqual(['Neg', 'Mul', 'Add']);
  });

  test('makes initializers of constants, whatever they are written as', () => {
    const nodes = [
      constant('tensor', { value: { kind: 'tensor', value: floats([1, 2]) } }),
      constant('int', { value_int: { kind: 'int', value: -3 } }),
      constant('ints', { value_ints: { kind: 'ints', value: [1, 2 ** 63] } }),
      constant('float', { value_float: { kind: 'float', value: 0.5 } }),
      constant('floats', { value_floats: { kind: 'floats', value: [0.5, 2] } }),
      node('Sum', ['in', 'tensor', 'int', 'ints', 'float', 'floats'], ['out']),
    ];
    const { nodes: left, initializers } = finish(graph(nodes));
    expect(left).toHaveLength(1);
    const data = (name: string) => (initializers.get(name)!.data as Uint8Array<ArrayBuffer>).buffer;
    expect(initializers.get('tensor')).toMatchObject({ dims: [2] });
    expect([initializers.get('int')!.dims, new BigInt64Array(data('int'))]).toEqual([[], BigInt64Array.of(-3n)]);
    // The largest int64, which means "to the end" and must not become the smallest.
    expect([initializers.get('ints')!.dims, new BigInt64Array(data('ints'))]).toEqual([
      [2],
      BigInt64Array.of(1n, 2n ** 63n - 1n),
    ]);
    expect([initializers.get('float')!.dims, new Float32Array(data('float'))]).toEqual([[], Float32Array.of(0.5)]);
    expect([initializers.get('floats')!.dims, new Float32Array(data('floats'))]).toEqual([[2], Float32Array.of(0.5, 2)]);
  });

  test('reads through identities, chains of them in any order, and keeps those that name an output', () => {
    const nodes = [
      node('Identity', ['b'], ['c']),
      node('Identity', ['a'], ['b']),
      node('Neg', ['in'], ['a']),
      node('Add', ['c', 'b'], ['sum']),
      node('Identity', ['sum'], ['out']),
    ];
    const result = finish(graph(nodes));
    expect(opTypes(result)).toEqual(['Neg', 'Add', 'Identity']);
    expect(result.nodes[1]!.inputs).toEqual(['a', 'a']);
    expect(result.outputs).toEqual([{ name: 'out', dataType: 1, dims: ['n'] }]);
  });

  test('takes an input that is not given for none, not for one value', () => {
    const nodes = [
      node('Identity', ['in'], ['']),
      node('Identity', [''], ['x']),
      node('Clip', ['in', '', 'in'], ['', 'out']),
      node('Neg', [], []),
    ];
    const result = finish(graph(nodes));
    expect(result.nodes.map(({ inputs }) => inputs)).toEqual([['in', '', 'in']]);
  });

  test('lets readers read another value, and keeps the names of outputs', () => {
    const editor = new GraphEditor(graph([node('Neg', ['in'], ['a']), node('Add', ['a', 'a'], ['out'])]), 'new/');
    editor.replaceUses('a', editor.add('Abs', ['in']));
    editor.replaceUses('out', 'in');
    const result = editor.finish();
    expect(opTypes(result)).toEqual(['Abs', 'Add']);
    expect(result.outputs[0]!.name).toBe('out');
    expect(editor.consumers('a')).toEqual([]);
  });

  test('loses no reader of a value that is replaced by itself', () => {
    const editor = new GraphEditor(graph([node('Neg', ['in'], ['out'])]), 'new/');
    editor.replaceUses('in', 'in');
    expect(editor.consumers('in')).toHaveLength(1);
  });

  test('makes equal constants once, and names that the graph does not have', () => {
    const source = graph([node('Neg', ['in'], ['new/constant_0']), node('Add', ['new/constant_0', 'new/constant_1'], ['out'])], {
      inputs: ['in', 'new/constant_1'].map((name) => ({ name, dataType: 1, dims: [] })),
    });
    const editor = new GraphEditor(source, 'new/');
    expect(editor.integers([1, 2])).toBe('new/constant_2');
    expect(editor.integers([1, 2])).toBe('new/constant_2');
    expect(editor.integers(1)).not.toBe(editor.integers([1]));
    expect(editor.scalar(1)).not.toBe(editor.integers(1));
  });

  test.each<[string, RegExp, OnnxNode[]]>([
    ['a circle', /circle/, [node('Add', ['in', 'b'], ['a']), node('Neg', ['a'], ['b']), node('Neg', ['b'], ['out'])]],
    ['a node that waits for itself', /circle/, [node('Add', ['in', 'out'], ['out'])]],
    [
      'identities in a circle',
      /circle/,
      [node('Identity', ['b'], ['a']), node('Identity', ['a'], ['b']), node('Neg', ['a'], ['out'])],
    ],
    ['an identity of itself', /circle/, [node('Identity', ['a'], ['a']), node('Neg', ['a'], ['out'])]],
    ['a value that nothing makes', /nothing that makes a/, [node('Neg', ['a'], ['out'])]],
    ['a value that two nodes make', /makes out twice/, [node('Neg', ['in'], ['out']), node('Abs', ['in'], ['out'])]],
  ])('refuses %s', (_, message, nodes) => {
    expect(thrownBy(() => finish(graph(nodes)))).toMatchObject(invalid(message));
  });

  test('edits a hundred thousand nodes in time that grows with their number', () => {
    const size = 100_000;
    const chain = Array.from({ length: size }, (_, i) => node('Neg', [i === 0 ? 'in' : `n${i - 1}`], [`n${i}`])).reverse();
    expect(finish(graph([...chain, node('Neg', [`n${size - 1}`], ['out'])])).nodes).toHaveLength(size + 1);
    // Identities from the last to the first, with as many readers of the last; then all of them as inputs of one node.
    const half = size / 2;
    const identities = Array.from({ length: half }, (_, i) =>
      node('Identity', [i === 0 ? 'in' : `i${i - 1}`], [`i${i}`]),
    ).reverse();
    const readers = Array.from({ length: half }, (_, i) => node('Neg', [`i${half - 1}`], [`r${i}`]));
    const names = Array.from({ length: half }, (_, i) => `r${i}`);
    const wide = finish(graph([...identities, ...readers, node('Sum', [...names, ...names, ...names, ...names], ['out'])]));
    expect(wide.nodes).toHaveLength(half + 1);
    const outputs = names.map((name) => ({ name, dataType: 1, dims: [] }));
    expect(finish(graph([...identities, ...readers], { outputs })).nodes).toHaveLength(half);
  }, 10_000);
});
