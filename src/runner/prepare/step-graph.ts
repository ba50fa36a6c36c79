import { OnnxPredictError } from '../../errors.ts';
import { findAttention, findSelfAttention } from './attention.ts';
import { dequantize } from './dequantize.ts';
import { GraphEditor } from './graph-editor.ts';
import { FLOAT, INT64, type OnnxModel } from './onnx-model.ts';
import { addDecoderBias } from './position-bias.ts';

/** The sizes of a decoder's attention. */
export interface AttentionShape {
  readonly numLayers: number;
  readonly numHeads: number;
  readonly headDim: number;
}

const PAST = 'past_key_values.';
/** Of the largest models there are, with room to grow. */
const MAX_LAYERS = 256;
const MAX_HEADS = 1024;
const MAX_HEAD_DIM = 65_536;

/**
 * Reads the sizes off a decoder's inputs `past_key_values.N.decoder.key`.
 * @throws OnnxPredictError MODEL_INVALID
 */
export function attentionShape({ graph }: OnnxModel): AttentionShape {
  const keys = graph.inputs.filter(({ name }) => name.startsWith(PAST) && name.endsWith('.decoder.key'));
  const [, numHeads, , headDim] = keys[0]?.dims ?? [];
  if (typeof numHeads !== 'number' || typeof headDim !== 'number') throw invalid('it does not say the shape of its past');
  if (!isCount(keys.length, MAX_LAYERS) || !isCount(numHeads, MAX_HEADS) || !isCount(headDim, MAX_HEAD_DIM)) {
    throw invalid(`its past is of ${keys.length} layers with ${numHeads} heads of ${headDim} numbers`);
  }
  return { numLayers: keys.length, numHeads, headDim };
}

function isCount(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= max;
}

/**
 * Makes of a decoder's graph for later tokens one for all tokens, with less to move at each step:
 * - the rows of one text share its cross-attention keys and values, and are multiplied with them together;
 * - the past of every row is gathered out of one list of all tokens' keys and values, so that nothing is copied when beams change
 *   places, and only the new token's come out;
 * - `log_probs` come out beside `logits`.
 *
 * Inputs: input_ids [R, 1]; encoder_attention_mask [T, S]; cache_rows [R, 1, L], where each row's past lies; cache.N.key and
 * cache.N.value [C, H * D]; cross.N.key [T, H, D, S]; cross.N.value [T, H, S, D]. R is a multiple of T: rows of one text stand
 * together. Outputs: logits and log_probs [R, 1, V]; new.N.key and new.N.value [R, H * D].
 */
export function rewriteStep(model: OnnxModel, shape: AttentionShape, config: Readonly<Record<string, unknown>>): GraphEditor {
  const graph = new GraphEditor(model.graph, 'prepared/');
  dequantize(graph);
  const { numLayers, numHeads, headDim } = shape;
  graph.inputs.push({ name: 'cache_rows', dataType: INT64, dims: ['rows', 1, 'past'] });
  const gathered = gatherIndices(graph, numHeads);
  const bias = addDecoderBias(graph, numHeads, config);
  const mask = addMask(graph);
  const outputs = [];
  for (let layer = 0; layer < numLayers; layer++) {
    for (const name of [`cache.${layer}.key`, `cache.${layer}.value`]) {
      graph.inputs.push({ name, dataType: FLOAT, dims: ['cached', numHeads * headDim] });
    }
    graph.inputs.push({ name: `cross.${layer}.key`, dataType: FLOAT, dims: ['texts', numHeads, headDim, 'source'] });
    graph.inputs.push({ name: `cross.${layer}.value`, dataType: FLOAT, dims: ['texts', numHeads, 'source', headDim] });
    outputs.push(...replaceSelfAttention(graph, layer, { ...shape, gathered, bias }));
    replaceCrossAttention(graph, layer, { ...shape, mask });
  }
  replaceShapes(graph, shape);
  const [logits] = graph.outputs.filter(({ name }) => name === 'logits');
  if (logits === undefined) throw invalid('it gives no logits');
  graph.add('LogSoftmax', ['logits'], { attributes: { axis: -1 }, output: 'log_probs' });
  graph.outputs.splice(0, Infinity, logits, { ...logits, name: 'log_probs' }, ...outputs);
  const expected = /^(input_ids|encoder_attention_mask|cache_rows|(cache|cross)\.\d+\.(key|value))$/;
  const other = graph.finish().inputs.find(({ name }) => !expected.test(name));
  if (other !== undefined) throw invalid(`it takes ${other.name}`);
  return graph;
}

/** Where the parts of all rows' pasts lie in a list of the single heads' keys: [R, H, L]. */
function gatherIndices(graph: GraphEditor, numHeads: number): string {
  const scaled = graph.add('Mul', ['cache_rows', graph.integers(numHeads)]); // [R, 1, L]
  const heads = graph.add('Reshape', [
    graph.integers(Array.from({ length: numHeads }, (_, head) => head)),
    graph.integers([1, numHeads, 1]),
  ]);
  return graph.add('Add', [scaled, heads]);
}

/** What is added to the scores of a text's tokens: 0, and the least number where there is only padding; [T, 1, 1, S]. */
function addMask(graph: GraphEditor): string {
  const mask = graph.add('Cast', ['encoder_attention_mask'], { attributes: { to: FLOAT } });
  const hidden = graph.add('Sub', [graph.scalar(1), mask]);
  const added = graph.add('Mul', [hidden, graph.scalar(-3.4028234663852886e38)]);
  return graph.add('Reshape', [
    added,
    graph.add('Concat', [dim(graph, 'encoder_attention_mask', 0), graph.integers([1, 1, -1])], { attributes: { axis: 0 } }),
  ]);
}

interface SelfAttentionParts extends AttentionShape {
  readonly gathered: string;
  readonly bias: string | undefined; // [1, H, 1, L + 1]
}

function replaceSelfAttention(graph: GraphEditor, layer: number, { numHeads, headDim, gathered, bias }: SelfAttentionParts) {
  const found = findSelfAttention(graph, `${PAST}${layer}.decoder.key`, `${PAST}${layer}.decoder.value`);
  const past = (part: string) => {
    const heads = graph.add('Reshape', [`cache.${layer}.${part}`, graph.integers([-1, headDim])]); // [C * H, D]
    return graph.add('Gather', [heads, gathered], { attributes: { axis: 0 } }); // [R, H, L, D]
  };
  const divided = graph.integers([-1, numHeads, 1, headDim]);
  const unscaled = graph.add('Reshape', [found.query, divided]);
  const query = scale(graph, unscaled, found.scale); // [R, H, 1, D]
  const newKey = graph.add('Reshape', [found.newKey, graph.integers([-1, numHeads, headDim, 1])]);
  const newValue = graph.add('Reshape', [found.newValue, divided]); // [R, H, 1, D]
  const keys = graph.add('Transpose', [past('key')], { attributes: { perm: [0, 1, 3, 2] } });
  // The new token's part is computed apart and not put behind the past, which would copy all of it.
  const scores = graph.add('Concat', [graph.add('MatMul', [query, keys]), graph.add('MatMul', [query, newKey])], {
    attributes: { axis: 3 },
  });
  const biased = bias === undefined ? scores : graph.add('Add', [scores, bias]); // [R, H, 1, L + 1]
  const weights = graph.add('Softmax', [biased], { attributes: { axis: 3 } });
  const last = [graph.integers([-1]), graph.integers([2 ** 31]), graph.integers([3])];
  const pastWeights = graph.add('Slice', [weights, graph.integers([0]), graph.integers([-1]), graph.integers([3])]);
  const newWeight = graph.add('Slice', [weights, ...last]); // [R, H, 1, 1]
  const sum = graph.add('Add', [graph.add('MatMul', [pastWeights, past('value')]), graph.add('Mul', [newWeight, newValue])]);
  graph.replaceUses(found.result, graph.add('Reshape', [sum, graph.integers([-1, 1, numHeads * headDim])]));
  return [
    { part: 'key', value: found.newKey },
    { part: 'value', value: found.newValue },
  ].map(({ part, value }) => {
    const output = `new.${layer}.${part}`;
    graph.add('Reshape', [value, graph.integers([-1, numHeads * headDim])], { output });
    return { name: output, dataType: FLOAT, dims: ['rows', numHeads * headDim] };
  });
}

/** The rows of a text become the rows of one product. */
function replaceCrossAttention(
  graph: GraphEditor,
  layer: number,
  { numHeads, headDim, mask }: AttentionShape & { mask: string },
): void {
  const { query, scale: factor, result } = findAttention(graph, `${PAST}${layer}.encoder.key`, `${PAST}${layer}.encoder.value`);
  const [key, value] = [`cross.${layer}.key`, `cross.${layer}.value`];
  const byText = graph.add('Concat', [dim(graph, key, 0), graph.integers([-1, numHeads, headDim])], { attributes: { axis: 0 } });
  const rows = scale(graph, graph.add('Reshape', [query, byText]), factor); // [T, R / T, H, D]
  const swap = { attributes: { perm: [0, 2, 1, 3] } };
  const scores = graph.add('Add', [graph.add('MatMul', [graph.add('Transpose', [rows], swap), key]), mask]); // [T, H, R / T, S]
  const context = graph.add('MatMul', [graph.add('Softmax', [scores], { attributes: { axis: 3 } }), value]); // [T, H, R / T, D]
  const merged = graph.add('Reshape', [graph.add('Transpose', [context], swap), graph.integers([-1, 1, numHeads * headDim])]);
  graph.replaceUses(result, merged);
}

function scale(graph: GraphEditor, value: string, factor: number): string {
  return factor === 1 ? value : graph.add('Mul', [value, graph.scalar(factor)]);
}

/** One dimension of a value, as a vector of one. */
function dim(graph: GraphEditor, value: string, axis: number): string {
  return graph.add('Slice', [graph.add('Shape', [value]), graph.integers([axis]), graph.integers([axis + 1])]);
}

/** Those who only asked for the shape of what is no longer there are told it. */
function replaceShapes(graph: GraphEditor, { numLayers, numHeads, headDim }: AttentionShape): void {
  const shapeOf = (first: string, length: string) =>
    graph.add('Concat', [first, graph.integers([numHeads]), length, graph.integers([headDim])], { attributes: { axis: 0 } });
  const rows = dim(graph, 'cache_rows', 0);
  const past = dim(graph, 'cache_rows', 2);
  const now = graph.add('Add', [past, graph.integers([1])]);
  const [texts, source] = [dim(graph, 'encoder_attention_mask', 0), dim(graph, 'encoder_attention_mask', 1)];
  for (let layer = 0; layer < numLayers; layer++) {
    for (const part of ['key', 'value']) {
      replaceShapeOf(graph, `${PAST}${layer}.decoder.${part}`, shapeOf(rows, past));
      replaceShapeOf(graph, `present.${layer}.decoder.${part}`, shapeOf(rows, now));
      replaceShapeOf(graph, `${PAST}${layer}.encoder.${part}`, shapeOf(texts, source));
    }
  }
  const hidden = graph.inputs.find(({ name }) => name === 'encoder_hidden_states')?.dims[2];
  if (typeof hidden !== 'number') return;
  const shape = graph.add('Concat', [texts, source, graph.integers([hidden])], { attributes: { axis: 0 } });
  replaceShapeOf(graph, 'encoder_hidden_states', shape);
}

function replaceShapeOf(graph: GraphEditor, value: string, shape: string): void {
  for (const node of graph.consumers(value)) if (node.opType === 'Shape') graph.replaceUses(node.outputs[0]!, shape);
}

function invalid(problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The decoder cannot be prepared: ${problem}.`);
}
