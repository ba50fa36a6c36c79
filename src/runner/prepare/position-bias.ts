/** What T5 adds to attention scores by how far apart two tokens are, after transformers 5.18, `models/t5/modeling_t5.py`. */
import { OnnxPredictError } from '../../errors.ts';
import type { GraphEditor } from './graph-editor.ts';
import { FLOAT } from './onnx-model.ts';
import { readTensorData } from './tensor-data.ts';

type Config = Readonly<Record<string, unknown>>;

const DEFAULT_MAX_DISTANCE = 128;
/** A table has a place for each distance and head; how much memory that takes is not the model's to say. */
const LARGEST_MAX_DISTANCE = 4096;
const MAX_HEADS = 1024;

/**
 * Adds the bias of a decoder's newest token, for it alone: exports of 2023 compute all tokens' at every step.
 * @returns [1, H, 1, L + 1] for a past of L tokens; undefined for models without
 */
export function addDecoderBias(graph: GraphEditor, numHeads: number, config: Config): string | undefined {
  const name = findTable(graph);
  if (name === undefined) return undefined;
  const { maxDistance, table } = readTable(graph, name, config);
  if (table.numHeads !== numHeads) throw invalid(name);
  const distances = Array.from({ length: maxDistance + 1 }, (_, distance) => distance);
  const known = addByDistance(
    graph,
    table,
    distances.map((distance) => bucketOf(distance, table.numBuckets, maxDistance)),
  );
  const length = graph.add('Gather', [graph.add('Shape', ['cache_rows']), graph.integers(2)], { attributes: { axis: 0 } });
  const range = graph.add('Range', [graph.integers(0), graph.add('Add', [length, graph.integers(1)]), graph.integers(1)]);
  const distance = graph.add('Min', [graph.add('Sub', [length, range]), graph.integers(maxDistance)]); // [L + 1]
  const bias = graph.add('Gather', [known, distance], { attributes: { axis: 1 } }); // [H, L + 1]
  return graph.add('Reshape', [bias, graph.integers([1, numHeads, 1, -1])]);
}

/** Lets an encoder look its bias up by distance, head by head; stock graphs compute a logarithm for every pair of tokens. */
export function replaceEncoderBias(graph: GraphEditor, config: Config): void {
  const name = findTable(graph);
  if (name === undefined) return;
  const { maxDistance, table } = readTable(graph, name, config);
  const [gather] = graph.consumers(name).filter(({ opType }) => opType === 'Gather');
  const [transpose] = gather === undefined ? [] : graph.consumers(gather.outputs[0]!);
  const perm = transpose?.attributes.get('perm');
  // From [S, S, H] to [H, S, S].
  if (transpose?.opType !== 'Transpose' || perm?.kind !== 'ints' || perm.value.join() !== '2,0,1') throw invalid(name);
  const half = Math.floor(table.numBuckets / 2);
  const offsets = Array.from({ length: 2 * maxDistance + 1 }, (_, place) => place - maxDistance);
  const buckets = offsets.map((offset) => (offset > 0 ? half : 0) + bucketOf(Math.abs(offset), half, maxDistance));
  const known = addByDistance(graph, table, buckets);
  const length = graph.add('Gather', [graph.add('Shape', ['input_ids']), graph.integers(1)], { attributes: { axis: 0 } });
  const range = graph.add('Range', [graph.integers(0), length, graph.integers(1)]);
  const [keys, queries] = [graph.integers([1, -1]), graph.integers([-1, 1])].map((shape) => graph.add('Reshape', [range, shape]));
  const offset = graph.add('Sub', [keys!, queries!]); // [S, S]
  const bounded = graph.add('Max', [graph.add('Min', [offset, graph.integers(maxDistance)]), graph.integers(-maxDistance)]);
  const place = graph.add('Add', [bounded, graph.integers(maxDistance)]);
  graph.replaceUses(transpose.outputs[0]!, graph.add('Gather', [known, place], { attributes: { axis: 1 } }));
}

/** A learned bias for every bucket of distances and every head. */
interface BiasTable {
  readonly numBuckets: number;
  readonly numHeads: number;
  readonly biases: Float32Array; // [numBuckets, numHeads]
}

function findTable(graph: GraphEditor): string | undefined {
  const named = [...graph.initializers].filter(([name]) => name.includes('relative_attention_bias'));
  // Beside a table that was quantised lie its scale and its zero point.
  return (named.find(([, { dataType, dims }]) => dataType === FLOAT && dims.length === 2) ?? named[0])?.[0];
}

function readTable(
  graph: GraphEditor,
  name: string,
  config: Config,
): { readonly maxDistance: number; readonly table: BiasTable } {
  const tensor = graph.initializers.get(name)!;
  const [numBuckets = 0, numHeads = 0] = tensor.dims;
  if (tensor.dataType !== FLOAT || tensor.dims.length !== 2 || numHeads > MAX_HEADS) throw invalid(name);
  const configured = config['relative_attention_max_distance'];
  const maxDistance = typeof configured === 'number' ? configured : DEFAULT_MAX_DISTANCE;
  if (!Number.isSafeInteger(maxDistance) || maxDistance < 1 || maxDistance > LARGEST_MAX_DISTANCE) throw invalid(name);
  const biases = new Float32Array(readTensorData(tensor).buffer);
  return { maxDistance, table: { numBuckets, numHeads, biases } };
}

/** @returns [numHeads, buckets.length]: the bias of the bucket in each place */
function addByDistance(graph: GraphEditor, { numHeads, biases }: BiasTable, buckets: readonly number[]): string {
  const values = new Float32Array(numHeads * buckets.length);
  for (let head = 0; head < numHeads; head++) {
    buckets.forEach((bucket, place) => {
      values[head * buckets.length + place] = biases[bucket * numHeads + head]!;
    });
  }
  return graph.addInitializer(
    { dataType: FLOAT, dims: [numHeads, buckets.length], data: new Uint8Array(values.buffer) },
    'position_bias',
  );
}

/** Small distances have a bucket each, larger ones share them on a logarithmic scale, in float32 as PyTorch computes it. */
function bucketOf(distance: number, numBuckets: number, maxDistance: number): number {
  const numExact = Math.floor(numBuckets / 2);
  if (distance < numExact) return distance;
  const log = Math.fround(Math.log(Math.fround(distance / numExact)));
  const ratio = Math.fround(log / Math.fround(Math.log(maxDistance / numExact)));
  return Math.min(numBuckets - 1, numExact + Math.trunc(Math.fround(ratio * (numBuckets - numExact))));
}

function invalid(name: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `The position bias ${name} is not of a kind that can be prepared.`);
}
