/**
 * What no program can be faster than, from a model's config.json and what the machine can do: every decoder step reads the weights
 * that it meets once from memory and multiplies them, the encoder multiplies. Caches of attention, activations, and everything
 * around the model are left out, so the true limit is higher.
 *
 * @typedef {object} Machine as measure-machine.js prints it, with the threads that are used
 * @property {number} readBytesPerSecond
 * @property {number} fp32PerSecond floating-point operations
 * @property {number} int8PerSecond
 *
 * @typedef {Readonly<Record<string, any>>} Config a model's config.json
 */

const BYTES_PER_WEIGHT = /** @type {Readonly<Record<string, number>>} */ ({ fp32: 4, fp16: 2, q4: 0.5, q4f16: 0.5, bnb4: 0.5 });
const MLP_RATIO = 4;

/** @param {string} dtype q8, int8, uint8: 1 */
function bytesPerWeight(dtype) {
  return BYTES_PER_WEIGHT[dtype] ?? 1;
}

/** @param {string} dtype @param {Machine} machine */
function operationsPerSecond(dtype, machine) {
  return bytesPerWeight(dtype) === 1 ? machine.int8PerSecond : machine.fp32PerSecond;
}

/**
 * Numbers of weights in the matrices of a T5- or BART-family model.
 * @param {Config} config
 */
function countWeights(config) {
  const width = config['d_model'];
  const isT5 = config['d_kv'] !== undefined;
  const inner = isT5 ? config['d_kv'] * config['num_heads'] : width;
  const numEncoderLayers = isT5 ? config['num_layers'] : config['encoder_layers'];
  const numDecoderLayers = isT5 ? (config['num_decoder_layers'] ?? config['num_layers']) : config['decoder_layers'];
  const projection = width * inner;
  const feedForward = (/** @type {string} */ side) =>
    width * (isT5 ? config['d_ff'] * (config['is_gated_act'] ? 3 : 2) : config[`${side}_ffn_dim`] * 2);
  return {
    inner,
    numEncoderLayers,
    numDecoderLayers,
    encoder: numEncoderLayers * (4 * projection + feedForward('encoder')),
    /** Keys and values of the encoder's output are made once. */
    crossKeysAndValues: numDecoderLayers * 2 * projection,
    step: numDecoderLayers * (6 * projection + feedForward('decoder')) + config['vocab_size'] * width,
    positions: isT5 ? 0 : 2 * (config['max_position_embeddings'] + 2) * width,
  };
}

/**
 * Milliseconds for texts of one length that are worked on together.
 * @param {Config} config
 * @param {{ inputTokens: number, outputTokens: number, numBeams: number, numTexts: number, dtype: string }} job outputTokens: with the start token
 * @param {Machine} machine
 */
export function summaryLimitMs(config, { inputTokens, outputTokens, numBeams, numTexts, dtype }, machine) {
  const { encoder, crossKeysAndValues, step, inner, numEncoderLayers } = countWeights(config);
  const perSecond = operationsPerSecond(dtype, machine);
  const attention = numEncoderLayers * 2 * inputTokens ** 2 * inner;
  const encodeSeconds = (numTexts * 2 * (inputTokens * (encoder + crossKeysAndValues) + attention)) / perSecond;
  const readSeconds = (step * bytesPerWeight(dtype)) / machine.readBytesPerSecond;
  const multiplySeconds = (2 * step * numBeams * numTexts) / perSecond;
  return 1000 * (encodeSeconds + (outputTokens - 1) * Math.max(readSeconds, multiplySeconds));
}

/**
 * Bytes of a summarizer's matrices, each once.
 * @param {Config} config
 * @param {string} dtype
 */
export function summarizerBytes(config, dtype) {
  const { encoder, crossKeysAndValues, step, positions } = countWeights(config);
  return (encoder + crossKeysAndValues + step + positions) * bytesPerWeight(dtype);
}

/**
 * Milliseconds for one picture; null for a family whose operations are not counted here. Decoding and resizing are not in it.
 * @param {Config} config
 * @param {number} edge of the square that the model sees
 * @param {string} dtype
 * @param {Machine} machine
 */
export function classificationLimitMs(config, edge, dtype, machine) {
  if (config['model_type'] !== 'segformer') return null;
  let operations = 0;
  let side = edge;
  for (const [stage, width] of config['hidden_sizes'].entries()) {
    side /= config['strides'][stage];
    const numPlaces = side ** 2;
    const reduction = config['sr_ratios'][stage];
    const numReduced = numPlaces / reduction ** 2;
    const below = stage === 0 ? (config['num_channels'] ?? 3) : config['hidden_sizes'][stage - 1];
    const ratio = config['mlp_ratios']?.[stage] ?? MLP_RATIO;
    const projections = (2 * numPlaces + 2 * numReduced + (reduction > 1 ? numPlaces : 0)) * width ** 2;
    const attention = 2 * numPlaces * numReduced * width;
    const feedForward = numPlaces * width * ratio * (2 * width + 9);
    operations += 2 * (numPlaces * width * below * config['patch_sizes'][stage] ** 2);
    operations += 2 * config['depths'][stage] * (projections + attention + feedForward);
  }
  return (1000 * operations) / operationsPerSecond(dtype, machine);
}
