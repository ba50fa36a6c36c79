import type { GraphEditor } from './graph-editor.ts';
import { FLOAT, INT8, type OnnxNode, type OnnxTensor, UINT8 } from './onnx-model.ts';
import { readTensorData } from './tensor-data.ts';

/** A table of up to so many numbers is kept as numbers, and not looked up in 8 bits. */
const MAX_TABLE_LENGTH = 4096;

/**
 * Takes the 8 bits out of a graph that was quantised dynamically, as Optimum publishes them: products of integers become products
 * with the numbers that the integers stand for, which are computed when they are read.
 * @returns whether there was anything of the kind
 */
export function dequantize(graph: GraphEditor): boolean {
  let found = false;
  for (const node of graph.nodes()) {
    if (node.opType === 'MatMulInteger') found = replaceProduct(graph, node) || found;
    else if (node.opType === 'DequantizeLinear') found = replaceConstant(graph, node) || found;
  }
  return found;
}

/** DynamicQuantizeLinear, MatMulInteger, Cast, and a product with both scales. */
function replaceProduct(graph: GraphEditor, product: OnnxNode): boolean {
  const [left = '', weights = '', , zeroPoint = ''] = product.inputs;
  const quantize = graph.producer(left);
  const [cast] = graph.consumers(product.outputs[0]!);
  const [scaled] = cast?.opType === 'Cast' ? graph.consumers(cast.outputs[0]!) : [];
  const scales = scaled?.inputs.map((input) => graph.producer(input)).find((node) => node?.opType === 'Mul');
  const scale = scales?.inputs.find((input) => graph.initializers.has(input));
  if (quantize?.opType !== 'DynamicQuantizeLinear' || scaled?.opType !== 'Mul' || scale === undefined) return false;
  const tensor = numbersOf(graph, { weights, scale, zeroPoint });
  if (tensor === undefined) return false;
  const matrix = graph.addInitializer(tensor, weights);
  graph.removeNode(scaled);
  graph.add('MatMul', [quantize.inputs[0]!, matrix], { output: scaled.outputs[0]! });
  return true;
}

/** A constant that is dequantised whenever it is used: as it is, transposed, or looked up in a small table. */
function replaceConstant(graph: GraphEditor, node: OnnxNode): boolean {
  const [value = '', scale = '', zeroPoint = ''] = node.inputs;
  const chain: OnnxNode[] = [];
  let weights = value;
  for (let at = graph.producer(value); at?.opType === 'Transpose' || at?.opType === 'Gather'; at = graph.producer(weights)) {
    chain.unshift(at);
    weights = at.inputs[0]!;
  }
  const tensor = numbersOf(graph, { weights, scale, zeroPoint });
  const isSmall = (tensor?.dims.reduce((product, dim) => product * dim, 1) ?? 0) <= MAX_TABLE_LENGTH;
  if (tensor === undefined || (chain.some(({ opType }) => opType === 'Gather') && !isSmall)) return false;
  let numbers = graph.addInitializer(tensor, weights);
  for (const { opType, inputs, attributes } of chain) {
    const output = graph.newName(opType);
    graph.insert({ opType, domain: '', name: output, inputs: [numbers, ...inputs.slice(1)], outputs: [output], attributes });
    numbers = output;
  }
  graph.replaceUses(node.outputs[0]!, numbers);
  return true;
}

/** (weights - zeroPoint) * scale, where scale and zero point are one for all, or one for each of the last dimension. */
function numbersOf(
  graph: GraphEditor,
  names: { readonly weights: string; readonly scale: string; readonly zeroPoint: string },
): OnnxTensor | undefined {
  const [weights, scale] = [graph.initializers.get(names.weights), graph.initializers.get(names.scale)];
  const zeroPoint = graph.initializers.get(names.zeroPoint);
  if (weights === undefined || scale?.dataType !== FLOAT || (weights.dataType !== INT8 && weights.dataType !== UINT8))
    return undefined;
  const scales = new Float32Array(readTensorData(scale).buffer);
  const zeroPoints = zeroPoint === undefined ? [0] : integersOf(zeroPoint);
  const width = weights.dims.at(-1) ?? 1;
  if (![scales, zeroPoints].every(({ length }) => length === 1 || length === width)) return undefined;
  const length = weights.dims.reduce((product, dim) => product * dim, 1);
  const read = () => {
    const integers = integersOf(weights);
    const numbers = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      const column = i % width;
      numbers[i] = (integers[i]! - zeroPoints[zeroPoints.length === 1 ? 0 : column]!) * scales[scales.length === 1 ? 0 : column]!;
    }
    return new Uint8Array(numbers.buffer);
  };
  return { dataType: FLOAT, dims: weights.dims, data: { length: 4 * length, steps: scales, read } };
}

function integersOf(tensor: OnnxTensor): ArrayLike<number> {
  const bytes = readTensorData(tensor);
  return tensor.dataType === INT8 ? new Int8Array(bytes.buffer) : bytes;
}
