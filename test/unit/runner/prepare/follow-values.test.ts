import { describe, expect, test } from 'vitest';
import { findAttention } from '../../../../src/runner/prepare/attention.ts';
import { traceBack, traceForward } from '../../../../src/runner/prepare/follow-values.ts';
import { GraphEditor } from '../../../../src/runner/prepare/graph-editor.ts';
import type { OnnxNode, OnnxTensor } from '../../../../src/runner/prepare/onnx-model.ts';
import { floats, graph, invalid, node, thrownBy } from './onnx-files.ts';

function editor(nodes: readonly OnnxNode[], initializers: Readonly<Record<string, OnnxTensor>> = {}): GraphEditor {
  return new GraphEditor(graph(nodes, { initializers: new Map(Object.entries(initializers)) }), 'new/');
}

describe('traceBack', () => {
  test('finds what a view shows, and what it was multiplied by', () => {
    const found = editor(
      [
        node('MatMul', ['in', 'in'], ['a']),
        node('Mul', ['half', 'a'], ['b']),
        node('Reshape', ['b', 'shape'], ['c']),
        node('Div', ['c', 'four'], ['out']),
      ],
      { half: floats([0.5], []), four: floats([4]) },
    );
    expect(traceBack(found, 'out')).toEqual({ value: 'a', factor: 0.125 });
  });

  test('stops where a vector is multiplied', () => {
    const found = editor([node('Mul', ['in', 'v'], ['out'])], { v: floats([1, 2]) });
    expect(traceBack(found, 'out')).toEqual({ value: 'out', factor: 1 });
  });
});

describe('graphs that lead in a circle', () => {
  const past = [node('MatMul', ['in', 'key'], ['scores']), node('MatMul', ['scores', 'value'], ['context'])];

  test('are refused backwards', () => {
    const circle = editor([node('Reshape', ['b'], ['a']), node('Transpose', ['a'], ['b'])]);
    expect(thrownBy(() => traceBack(circle, 'a'))).toMatchObject(invalid('circle'));
  });

  test('are walked through once forwards', () => {
    const circle = editor([node('Reshape', ['b'], ['a']), node('Transpose', ['a'], ['b'])]);
    expect([...traceForward(circle, 'a')]).toEqual(['a', 'b']);
  });

  test('are refused where an attention is looked for', () => {
    const views = editor([...past, node('Reshape', ['context2'], ['context3']), node('Reshape', ['context3'], ['context2'])]);
    expect(findAttention(views, 'key', 'value')).toMatchObject({ query: 'in', result: 'context' });
    const result = editor([
      past[0]!,
      node('MatMul', ['scores', 'value'], ['c']),
      node('Reshape', ['c'], ['d']),
      node('Reshape', ['d'], ['e']),
    ]);
    expect(findAttention(result, 'key', 'value').result).toBe('e');
    const joined = editor([
      node('Concat', ['key', 'joined'], ['joined']),
      node('MatMul', ['in', 'joined'], ['scores']),
      past[1]!,
    ]);
    expect(findAttention(joined, 'key', 'value')).toMatchObject({ scale: 1 });
    const around = editor([
      node('Concat', ['more', 'key'], ['joined']),
      node('Concat', ['joined'], ['more']),
      node('MatMul', ['in', 'joined'], ['scores']),
      past[1]!,
    ]);
    expect(thrownBy(() => findAttention(around, 'key', 'value'))).toMatchObject(invalid('circle'));
  });
});

test('traceForward follows a hundred thousand views in time that grows with their number', () => {
  const views = Array.from({ length: 100_000 }, (_, i) => node('Reshape', [i === 0 ? 'in' : `v${i - 1}`], [`v${i}`]));
  expect(traceForward(editor(views), 'in').size).toBe(100_001);
}, 10_000);
