import type { GraphEditor } from './graph-editor.ts';
import { CONTRIB, FLOAT, type OnnxNode } from './onnx-model.ts';
import { quantizeByBlock, quantizeByColumn, type Steps } from './quantize-weights.ts';
import { readTensorData } from './tensor-data.ts';

/** ONNX Runtime lays channels out in blocks of up to 16. */
const CHANNEL_BLOCK = 16;
/** Quantises activations to 8 bits, too. */
const INT8_ACCURACY = 4;

/** A product with a constant matrix. */
interface LinearLayer {
  readonly node: OnnxNode;
  readonly input: string; // [..., numInputs]
  /** The matrix as it is stored: [numInputs, numOutputs], or the other way round. */
  readonly weights: string;
  readonly transposed: boolean;
  readonly numInputs: number;
  readonly numOutputs: number;
}

/**
 * Computes products of [A, 1, K] with constant matrices as convolutions with a kernel of one point: ONNX Runtime streams their
 * weights at nearly the memory's speed, and those of a MatMul of few rows at two thirds of it (docs/adr/0014).
 */
export function useConvolutions(graph: GraphEditor): void {
  for (const { node, input, weights, transposed, numInputs, numOutputs } of findLinearLayers(graph)) {
    if (numInputs % CHANNEL_BLOCK !== 0) continue;
    const matrix = transposed ? weights : graph.add('Transpose', [weights], { attributes: { perm: [1, 0] } });
    const kernels = graph.add('Reshape', [matrix, graph.integers([numOutputs, numInputs, 1, 1])]);
    const channelsFirst = graph.add('Transpose', [input], { attributes: { perm: [2, 0, 1] } }); // [K, A, 1]
    const image = graph.add('Reshape', [channelsFirst, graph.integers([1, numInputs, -1, 1])]); // [1, K, A, 1]
    const product = graph.add('Conv', [image, kernels], { attributes: { kernel_shape: [1, 1] } }); // [1, N, A, 1]
    const flat = graph.add('Reshape', [product, graph.integers([numOutputs, -1, 1])]); // [N, A, 1]
    replace(graph, node, 'Transpose', [flat], { attributes: { perm: [1, 2, 0] } }); // [A, 1, N]
  }
}

/**
 * Quantises constant matrices to 8 bits in blocks of a column, and activations by row: what a row comes to does not depend on the
 * rows beside it. For few rows; the fastest there is for them.
 */
export function useBlockQuantization(graph: GraphEditor): void {
  for (const layer of findLinearLayers(graph)) {
    const { node, input, numInputs, numOutputs } = layer;
    const quantized = quantizeByBlock(columnsOf(graph, layer), {
      numRows: numOutputs,
      numColumns: numInputs,
      steps: stepsOf(graph, layer),
    });
    if (quantized === undefined) continue;
    const { blockSize } = quantized;
    const values = graph.addInitializer(quantized.values, 'quantized');
    const scales = graph.addInitializer(quantized.scales, 'scales');
    replace(graph, node, 'MatMulNBits', [input, values, scales], {
      domain: CONTRIB,
      attributes: { K: numInputs, N: numOutputs, bits: 8, block_size: blockSize, accuracy_level: INT8_ACCURACY },
    });
  }
}

/** Quantises constant matrices to 8 bits by column, and activations as a whole. For many rows of one text. */
export function useDynamicQuantization(graph: GraphEditor): void {
  for (const layer of findLinearLayers(graph)) {
    const { node, input, numInputs, numOutputs } = layer;
    const quantized = quantizeByColumn(columnsOf(graph, layer), { numInputs, numOutputs, steps: stepsOf(graph, layer) });
    const values = graph.addInitializer(quantized.values, 'quantized');
    const scales = graph.addInitializer(quantized.scales, 'scales');
    replace(graph, node, 'DynamicQuantizeMatMul', [input, values, scales], { domain: CONTRIB });
  }
}

function findLinearLayers(graph: GraphEditor): LinearLayer[] {
  return graph.nodes().flatMap((node): LinearLayer[] => {
    const [input = '', right = ''] = node.inputs;
    if (node.opType !== 'MatMul' || graph.initializers.has(input)) return [];
    const producer = graph.producer(right);
    const transposed = producer?.opType === 'Transpose';
    const weights = transposed ? producer.inputs[0]! : right;
    const tensor = graph.initializers.get(weights);
    const [rows, columns] = tensor?.dims ?? [];
    if (tensor?.dataType !== FLOAT || tensor.dims.length !== 2 || rows === undefined || columns === undefined) return [];
    const [numInputs, numOutputs] = transposed ? [columns, rows] : [rows, columns];
    return [{ node, input, weights, transposed, numInputs, numOutputs }];
  });
}

/** The matrix's columns, one after the other: [numOutputs, numInputs]. */
function columnsOf(graph: GraphEditor, { weights, transposed, numInputs, numOutputs }: LinearLayer): Float32Array {
  const stored = new Float32Array(readTensorData(graph.initializers.get(weights)!).buffer);
  if (transposed) return stored;
  const columns = new Float32Array(stored.length);
  for (let input = 0; input < numInputs; input++) {
    const row = input * numOutputs;
    for (let output = 0; output < numOutputs; output++) columns[output * numInputs + input] = stored[row + output]!;
  }
  return columns;
}

/** What each column's weights are multiples of, where they were quantised before. */
function stepsOf(graph: GraphEditor, { weights, transposed, numOutputs }: LinearLayer): Steps {
  const { data } = graph.initializers.get(weights)!;
  const steps = 'steps' in data ? data.steps : new Float32Array(0);
  if (steps.length === 1) return () => steps[0];
  return !transposed && steps.length === numOutputs ? (column) => steps[column] : () => undefined;
}

/** Puts a node in another's place; its output keeps its name, which may be one of the graph's. */
function replace(
  graph: GraphEditor,
  node: OnnxNode,
  opType: string,
  inputs: readonly string[],
  options: Parameters<GraphEditor['add']>[2],
): void {
  graph.removeNode(node);
  graph.add(opType, inputs, { ...options, output: node.outputs[0]! });
}
