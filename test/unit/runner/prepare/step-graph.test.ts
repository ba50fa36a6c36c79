import { describe, expect, test } from 'vitest';
import type { OnnxValue } from '../../../../src/runner/prepare/onnx-model.ts';
import { attentionShape } from '../../../../src/runner/prepare/step-graph.ts';
import { graph, invalid, model, thrownBy } from './onnx-files.ts';

const withPast = (...dims: OnnxValue['dims'][]) =>
  model(graph([], { inputs: dims.map((dims, layer) => ({ name: `past_key_values.${layer}.decoder.key`, dataType: 1, dims })) }));

describe('attentionShape', () => {
  test('reads layers, heads and their size off the inputs', () => {
    const dims = ['batch', 16, 'past', 64];
    expect(attentionShape(withPast(dims, dims))).toEqual({ numLayers: 2, numHeads: 16, headDim: 64 });
  });

  test.each<[string, OnnxValue['dims'][]]>([
    ['no past', []],
    ['a past without numbers', [['batch', 'heads', 'past', 64]]],
    ['more heads than memory has room for', [['batch', 2 ** 40, 'past', 64]]],
    ['heads below zero', [['batch', -4, 'past', 64]]],
    ['heads of nothing', [['batch', 4, 'past', 0]]],
    ['thousands of layers', Array.from({ length: 5000 }, () => ['batch', 4, 'past', 8])],
  ])('refuses %s', (_, dims) => {
    expect(thrownBy(() => attentionShape(withPast(...dims)))).toMatchObject(invalid('past'));
  });
});
