import { OnnxPredictError } from '../../errors.ts';
import type { GraphEditor } from './graph-editor.ts';
import { FLOAT } from './onnx-model.ts';
import type { AttentionShape } from './step-graph.ts';
import { readTensorData } from './tensor-data.ts';

const DEFAULT_MAX_DISTANCE = 128;

/**
 * Adds what T5 adds to the scores of earlier tokens by their distance, for the newest row alone: exports of 2023 compute all rows at
 * every step. After `_relative_position_bucket` of transformers 5.18, `models/t5/modeling_t5.py`.
 * @returns [1, H, 1, L + 1]; undefined for models without
 */
export function addPositionBias(
  graph: GraphEditor,
  { numHeads }: AttentionShape,
  config: Readonly<Record<string, unknown>>,
): string | undefined {
  const name = [...graph.initializers.keys()].find((name) => name.includes('relative_attention_bias'));
  if (name === undefined) return undefined;
  const table = graph.initializers.get(name)!;
  const [numBuckets = 0, heads] = table.dims;
  if (table.dataType !== FLOAT || heads !== numHeads) {
    throw new OnnxPredictError('MODEL_INVALID', `The position bias ${name} is not of a kind that can be prepared.`);
  }
  const configured = config['relative_attention_max_distance'];
  const maxDistance = typeof configured === 'number' && Number.isSafeInteger(configured) ? configured : DEFAULT_MAX_DISTANCE;
  const biases = new Float32Array(readTensorData(table).buffer); // [numBuckets, H]
  const byDistance = new Float32Array(numHeads * (maxDistance + 1)); // [H, maxDistance + 1]
  for (let distance = 0; distance <= maxDistance; distance++) {
    const bucket = bucketOf(distance, numBuckets, maxDistance);
    for (let head = 0; head < numHeads; head++) {
      byDistance[head * (maxDistance + 1) + distance] = biases[bucket * numHeads + head]!;
    }
  }
  const known = graph.addInitializer(
    { dataType: FLOAT, dims: [numHeads, maxDistance + 1], data: new Uint8Array(byDistance.buffer) },
    'position_bias',
  );
  const length = graph.add('Gather', [graph.add('Shape', ['cache_rows']), graph.integers(2)], { attributes: { axis: 0 } });
  const range = graph.add('Range', [graph.integers(0), graph.add('Add', [length, graph.integers(1)]), graph.integers(1)]);
  const distances = graph.add('Min', [graph.add('Sub', [length, range]), graph.integers(maxDistance)]); // [L + 1]
  const bias = graph.add('Gather', [known, distances], { attributes: { axis: 1 } }); // [H, L + 1]
  return graph.add('Reshape', [bias, graph.integers([1, numHeads, 1, -1])]);
}

/** Small distances have a bucket each, larger ones share them on a logarithmic scale, in float32 as PyTorch computes it. */
function bucketOf(distance: number, numBuckets: number, maxDistance: number): number {
  const numExact = Math.floor(numBuckets / 2);
  if (distance < numExact) return distance;
  const ratio = Math.fround(
    Math.fround(Math.log(Math.fround(distance / numExact))) / Math.fround(Math.log(maxDistance / numExact)),
  );
  return Math.min(numBuckets - 1, numExact + Math.trunc(Math.fround(ratio * (numBuckets - numExact))));
}
