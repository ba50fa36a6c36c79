import { scalarOf } from './follow-values.ts';
import type { GraphEditor } from './graph-editor.ts';
import { FLOAT, type OnnxNode } from './onnx-model.ts';

/**
 * Computes each layer normalisation in one node: exports before opset 17 spell it out in nine, which ONNX Runtime does not always
 * put together again.
 */
export function fuseLayerNorms(graph: GraphEditor): void {
  for (const add of graph.nodes()) {
    const found = findLayerNorm(graph, add);
    if (found === undefined) continue;
    const { input, weight, bias, epsilon } = found;
    graph.removeNode(add);
    graph.insert({
      opType: 'LayerNormalization',
      domain: '',
      name: add.name,
      inputs: [input, weight, bias],
      outputs: add.outputs,
      attributes: new Map([
        ['axis', { kind: 'int', value: -1 }],
        ['epsilon', { kind: 'float', value: epsilon }],
      ]),
    });
  }
}

interface LayerNorm {
  readonly input: string;
  readonly weight: string; // [size]
  readonly bias: string; // [size]
  readonly epsilon: number;
}

/** (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * weight + bias, over the last dimension. */
function findLayerNorm(graph: GraphEditor, add: OnnxNode): LayerNorm | undefined {
  const scaled = operands(graph, add, 'Add');
  const product = scaled && operands(graph, scaled.computed, 'Mul');
  const quotient = product?.computed;
  if (scaled === undefined || product === undefined || quotient?.opType !== 'Div') return undefined;
  const [centered, root] = quotient.inputs.map((value) => graph.producer(value));
  const [input = '', mean = ''] = centered?.inputs ?? [];
  const variance = root?.opType === 'Sqrt' ? graph.producer(root.inputs[0]!) : undefined;
  const epsilon = variance?.opType === 'Add' ? scalarOf(graph, variance.inputs[1]!) : undefined;
  const meanSquare = variance === undefined ? undefined : graph.producer(variance.inputs[0]!);
  const square = meanSquare === undefined ? undefined : graph.producer(meanSquare.inputs[0]!);
  const isSquare = square?.opType === 'Pow' && scalarOf(graph, square.inputs[1]!) === 2;
  const matches =
    centered?.opType === 'Sub' &&
    isMeanOf(graph.producer(mean), input) &&
    isSquare &&
    square.inputs[0] === centered.outputs[0] &&
    isMeanOf(meanSquare, square.outputs[0]!);
  if (!matches || epsilon === undefined) return undefined;
  return { input, weight: product.constant, bias: scaled.constant, epsilon };
}

/** A computed and a constant vector, in either order. */
function operands(
  graph: GraphEditor,
  node: OnnxNode,
  opType: string,
): { readonly computed: OnnxNode; readonly constant: string } | undefined {
  if (node.opType !== opType || node.domain !== '') return undefined;
  const [first = '', second = ''] = node.inputs;
  for (const [value, constant] of [
    [first, second],
    [second, first],
  ] as const) {
    const tensor = graph.initializers.get(constant);
    const computed = graph.producer(value);
    if (tensor?.dataType === FLOAT && tensor.dims.length === 1 && computed !== undefined) return { computed, constant };
  }
  return undefined;
}

function isMeanOf(node: OnnxNode | undefined, input: string): boolean {
  const axes = node?.attributes.get('axes');
  const keep = node?.attributes.get('keepdims');
  return (
    node?.opType === 'ReduceMean' &&
    node.inputs[0] === input &&
    axes?.kind === 'ints' &&
    axes.value.join() === '-1' &&
    (keep === undefined || (keep.kind === 'int' && keep.value === 1))
  );
}
