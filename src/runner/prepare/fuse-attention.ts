import { lastView } from './attention.ts';
import { passOnce, traceBack } from './follow-values.ts';
import type { GraphEditor } from './graph-editor.ts';
import { CONTRIB, type OnnxNode } from './onnx-model.ts';

/**
 * Computes each attention without a mask in one node, which keeps its scores in the processor's cache: those of a SegFormer's first
 * stage alone are 16 MB.
 */
export function fuseAttention(graph: GraphEditor): void {
  for (const softmax of graph.nodes()) if (softmax.opType === 'Softmax') fuse(graph, softmax);
}

function fuse(graph: GraphEditor, softmax: OnnxNode): void {
  const scores = graph.producer(softmax.inputs[0]!);
  const [context, ...others] = graph.consumers(softmax.outputs[0]!);
  if (scores?.opType !== 'MatMul' || context?.opType !== 'MatMul' || others.length > 0) return;
  const query = traceBack(graph, scores.inputs[0]!);
  const key = traceBack(graph, scores.inputs[1]!);
  const value = traceBack(graph, context.inputs[1]!);
  const [width, ...widths] = [query, key, value].map((traced) => widthOf(graph, traced.value));
  if (width === undefined || widths.some((other) => other !== width) || value.factor !== 1) return;
  const numHeads = headsOf(graph, scores.inputs[0]!, width);
  if (numHeads === undefined) return;
  const name = graph.newName('MultiHeadAttention');
  graph.insert({
    opType: 'MultiHeadAttention',
    domain: CONTRIB,
    name,
    inputs: [query.value, key.value, value.value],
    outputs: [name],
    attributes: new Map([
      ['num_heads', { kind: 'int', value: numHeads }],
      ['scale', { kind: 'float', value: query.factor * key.factor }],
    ]),
  });
  graph.replaceUses(lastView(graph, context.outputs[0]!), name);
}

/** How many numbers a token has, of what a matrix and a vector make of [B, L, C]; undefined for other values. */
function widthOf(graph: GraphEditor, value: string): number | undefined {
  const add = graph.producer(value);
  if (add?.opType !== 'Add' || !add.inputs.some((input) => graph.producer(input)?.opType === 'MatMul')) return undefined;
  const [width, ...others] = add.inputs.flatMap((input) => graph.initializers.get(input)?.dims ?? []);
  return others.length > 0 ? undefined : width;
}

/** Among how many heads `width` numbers are divided: by a Reshape to [B, L, heads, size]. */
function headsOf(graph: GraphEditor, value: string, width: number): number | undefined {
  const seen = new Set<string>();
  for (let at = value; ; ) {
    passOnce(seen, at);
    const node = graph.producer(at);
    if (node === undefined) return undefined;
    at = node.inputs[0] ?? '';
    if (node.opType !== 'Reshape') continue;
    const shape = graph.producer(node.inputs[1]!);
    const size = shape?.opType === 'Concat' ? graph.integerOf(shape.inputs[3] ?? '') : undefined;
    return size === undefined || size < 1 || width % size !== 0 ? undefined : width / size;
  }
}
