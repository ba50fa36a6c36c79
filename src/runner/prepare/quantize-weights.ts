import { OnnxPredictError } from '../../errors.ts';
import { FLOAT, INT8, type OnnxTensor, UINT8 } from './onnx-model.ts';

/** Long blocks are read fastest, and short ones are more exact; measured in docs/adr/0014. */
const BLOCK_SIZES = [128, 64, 32, 16];
const ZERO_POINT = 128;
const MAX_MAGNITUDE = 127;

/** What the weights of a row, or column, are multiples of, if they were quantised before. */
export type Steps = (row: number) => number | undefined;

/** Quantised weights as MatMulNBits takes them. */
interface BlockQuantized {
  readonly values: OnnxTensor; // uint8 [numRows, numColumns / blockSize, blockSize], 128 standing for 0
  readonly scales: OnnxTensor; // float32 [numRows, numColumns / blockSize]
  readonly blockSize: number;
}

/**
 * Rounds weights to 8 bits, each block of a row by its largest magnitude.
 * @param weights [numRows, numColumns]
 * @returns undefined if no block size divides the columns
 * @throws OnnxPredictError MODEL_INVALID if a weight is not finite
 */
export function quantizeByBlock(
  weights: Float32Array,
  { numRows, numColumns, steps }: { readonly numRows: number; readonly numColumns: number; readonly steps?: Steps },
): BlockQuantized | undefined {
  const blockSize = BLOCK_SIZES.find((size) => numColumns % size === 0);
  if (blockSize === undefined) return undefined;
  const numBlocks = numColumns / blockSize;
  const values = new Uint8Array(weights.length);
  const scales = new Float32Array(numRows * numBlocks);
  for (let block = 0; block < scales.length; block++) {
    const start = block * blockSize;
    const scale = scaleOf(weights.subarray(start, start + blockSize), steps?.(Math.floor(block / numBlocks)));
    scales[block] = scale;
    for (let i = start; i < start + blockSize; i++) values[i] = ZERO_POINT + roundTo8Bits(weights[i]!, scale);
  }
  return {
    values: { dataType: UINT8, dims: [numRows, numBlocks, blockSize], data: values },
    scales: { dataType: FLOAT, dims: [numRows, numBlocks], data: new Uint8Array(scales.buffer) },
    blockSize,
  };
}

/** Quantised weights as DynamicQuantizeMatMul takes them. */
interface ColumnQuantized {
  readonly values: OnnxTensor; // int8 [numInputs, numOutputs]
  readonly scales: OnnxTensor; // float32 [numOutputs]
}

/**
 * Rounds weights to 8 bits, each column by its largest magnitude.
 * @param columns [numOutputs, numInputs]
 * @throws OnnxPredictError MODEL_INVALID if a weight is not finite
 */
export function quantizeByColumn(
  columns: Float32Array,
  { numInputs, numOutputs, steps }: { readonly numInputs: number; readonly numOutputs: number; readonly steps?: Steps },
): ColumnQuantized {
  const values = new Int8Array(columns.length);
  const scales = new Float32Array(numOutputs);
  for (let output = 0; output < numOutputs; output++) {
    const column = columns.subarray(output * numInputs, (output + 1) * numInputs);
    const scale = scaleOf(column, steps?.(output));
    scales[output] = scale;
    for (let input = 0; input < numInputs; input++) values[input * numOutputs + output] = roundTo8Bits(column[input]!, scale);
  }
  return {
    values: { dataType: INT8, dims: [numInputs, numOutputs], data: new Uint8Array(values.buffer) },
    scales: { dataType: FLOAT, dims: [numOutputs], data: new Uint8Array(scales.buffer) },
  };
}

function scaleOf(weights: Float32Array, step: number | undefined): number {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  // One such weight would take all others of its block with it; what is wrong with the model is better seen in its own graph.
  if (!Number.isFinite(largest)) {
    throw new OnnxPredictError('MODEL_INVALID', 'The model cannot be quantised: it has a weight that is no finite number.');
  }
  // Nothing is rounded again where the numbers are few multiples of one.
  if (step !== undefined && step > 0 && largest <= (MAX_MAGNITUDE + 0.5) * step) return step;
  // The smallest numbers there are divided by 127 come to nothing.
  return Math.fround(largest / MAX_MAGNITUDE) || 1;
}

/** The nearest of -127 to 127. */
function roundTo8Bits(weight: number, scale: number): number {
  return Math.max(-MAX_MAGNITUDE, Math.min(MAX_MAGNITUDE, Math.round(weight / scale)));
}
