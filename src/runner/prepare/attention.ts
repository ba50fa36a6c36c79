import { OnnxPredictError } from '../../errors.ts';
import { moves, passOnce, traceBack, traceForward } from './follow-values.ts';
import type { GraphEditor } from './graph-editor.ts';
import type { OnnxNode } from './onnx-model.ts';

/** An attention of a decoder's step, as it is found by the names of its keys and values. */
export interface FoundAttention {
  /** Queries before they are divided among heads; each row's scores are of them times `scale`. */
  readonly query: string; // [numRows, 1, numHeads * headDim]
  readonly scale: number;
  /** What the attention comes to; its numbers are those of [numRows, 1, numHeads * headDim]. */
  readonly result: string;
}

/** An attention over the tokens so far: the new token's key and value join those of the past. */
export interface FoundSelfAttention extends FoundAttention {
  readonly newKey: string; // [numRows, 1, numHeads * headDim]
  readonly newValue: string; // [numRows, 1, numHeads * headDim]
}

/**
 * Finds the attention that reads `pastKey` and `pastValue`.
 * @throws OnnxPredictError MODEL_INVALID if it is not of the known kind
 */
export function findAttention(graph: GraphEditor, pastKey: string, pastValue: string): FoundAttention {
  const keys = traceForward(graph, pastKey, joinsPast);
  const values = traceForward(graph, pastValue, joinsPast);
  const scores = onlyProduct(graph, keys, pastKey);
  const context = onlyProduct(graph, values, pastValue);
  const [queryInput, keyInput] = scores.inputs;
  const output = context.outputs[0];
  if (queryInput === undefined || keyInput === undefined || output === undefined) throw unknown(pastKey);
  if (keys.has(queryInput)) throw unknown(pastKey);
  const query = traceBack(graph, queryInput);
  const key = traceBackTo(graph, keyInput, keys);
  return { query: query.value, scale: query.factor * key, result: lastView(graph, output) };
}

/** The same for an attention whose keys and values grow. */
export function findSelfAttention(graph: GraphEditor, pastKey: string, pastValue: string): FoundSelfAttention {
  return {
    ...findAttention(graph, pastKey, pastValue),
    newKey: joined(graph, pastKey),
    newValue: joined(graph, pastValue),
  };
}

/** What keys were multiplied by between the cache and the scores. */
function traceBackTo(graph: GraphEditor, value: string, views: ReadonlySet<string>): number {
  const seen = new Set<string>();
  let factor = 1;
  let at = value;
  for (;;) {
    passOnce(seen, at);
    const traced = traceBack(graph, at);
    factor *= traced.factor;
    const node = graph.producer(traced.value);
    if (node === undefined || !joinsPast(node)) return factor;
    const past = node.inputs.find((input) => views.has(input));
    if (past === undefined) return factor;
    at = past;
  }
}

/** What is put behind the past, as it was computed. */
function joined(graph: GraphEditor, past: string): string {
  const concats = graph.consumers(past).filter(joinsPast);
  const [, added] = concats[0]?.inputs ?? [];
  if (concats.length !== 1 || concats[0]?.inputs.length !== 2 || added === undefined) throw unknown(past);
  const { value, factor } = traceBack(graph, added);
  if (factor !== 1) throw unknown(past);
  return value;
}

function joinsPast(node: OnnxNode): boolean {
  return node.opType === 'Concat';
}

function onlyProduct(graph: GraphEditor, views: ReadonlySet<string>, name: string): OnnxNode {
  const products = new Set([...views].flatMap((view) => graph.consumers(view)).filter(({ opType }) => opType === 'MatMul'));
  const [product] = products;
  if (products.size !== 1 || product === undefined) throw unknown(name);
  return product;
}

/** The last view of a value: what others compute with. */
export function lastView(graph: GraphEditor, value: string): string {
  const seen = new Set<string>();
  let last = value;
  for (;;) {
    passOnce(seen, last);
    const views = graph.consumers(last).filter((node) => moves(node) && node.inputs[0] === last);
    const next = views[0]?.outputs[0];
    if (next === undefined) return last;
    if (views.length > 1) throw unknown(value);
    last = next;
  }
}

function unknown(name: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The attention that reads ${name} is not of a kind that can be prepared.`);
}
