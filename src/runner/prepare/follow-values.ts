import { OnnxPredictError } from '../../errors.ts';
import type { GraphEditor } from './graph-editor.ts';
import { FLOAT, type OnnxNode } from './onnx-model.ts';
import { readTensorData } from './tensor-data.ts';

/** Nodes that give their first input's numbers again, in another shape or order. */
const MOVING = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Expand']);

/** A value, and what its numbers were multiplied by on the way from it. */
interface TracedValue {
  readonly value: string;
  readonly factor: number;
}

/**
 * The value that `value` is a view of: what was computed, before it was reshaped, transposed or multiplied by a constant.
 * @throws OnnxPredictError MODEL_INVALID if that leads in a circle
 */
export function traceBack(graph: GraphEditor, value: string): TracedValue {
  const seen = new Set<string>();
  let factor = 1;
  let at = value;
  for (;;) {
    passOnce(seen, at);
    const node = graph.producer(at);
    if (node === undefined) return { value: at, factor };
    if (moves(node)) at = node.inputs[0]!;
    else {
      const scaled = scaledInput(graph, node);
      if (scaled === undefined) return { value: at, factor };
      at = scaled.value;
      factor *= scaled.factor;
    }
  }
}

/** The values that are views of `value`, itself included. */
export function traceForward(
  graph: GraphEditor,
  value: string,
  through: (node: OnnxNode) => boolean = () => false,
): ReadonlySet<string> {
  // What is added while it is walked through is walked through as well.
  const values = new Set([value]);
  for (const at of values) {
    for (const node of graph.consumers(at)) {
      const goesOn = (moves(node) && node.inputs[0] === at) || through(node) || scaledInput(graph, node)?.value === at;
      if (goesOn && node.outputs[0] !== undefined) values.add(node.outputs[0]);
    }
  }
  return values;
}

/** @throws OnnxPredictError MODEL_INVALID if `value` was seen before: ONNX Runtime would refuse the graph, and it would be followed for ever */
export function passOnce(seen: Set<string>, value: string): void {
  if (seen.has(value)) throw new OnnxPredictError('MODEL_INVALID', `The graph runs in a circle at ${value}.`);
  seen.add(value);
}

/** Whether a node only gives its first input another shape. */
export function moves(node: OnnxNode): boolean {
  if (node.opType !== 'Cast' || node.inputs[0] === undefined)
    return node.domain === '' && MOVING.has(node.opType) && node.inputs[0] !== undefined;
  const to = node.attributes.get('to');
  return to?.kind === 'int' && to.value === FLOAT;
}

/** What a product with a constant multiplies. */
function scaledInput(graph: GraphEditor, node: OnnxNode): TracedValue | undefined {
  if (node.opType !== 'Mul' && node.opType !== 'Div') return undefined;
  const [first = '', second = ''] = node.inputs;
  const right = scalarOf(graph, second);
  if (right !== undefined) return { value: first, factor: node.opType === 'Mul' ? right : 1 / right };
  const left = node.opType === 'Mul' ? scalarOf(graph, first) : undefined;
  return left === undefined ? undefined : { value: second, factor: left };
}

/** A constant number; undefined for what is computed, or more than one. */
export function scalarOf(graph: GraphEditor, value: string): number | undefined {
  const tensor = graph.initializers.get(value);
  if (tensor?.dataType !== FLOAT || tensor.dims.some((dim) => dim !== 1)) return undefined;
  return new Float32Array(readTensorData(tensor).buffer)[0];
}
