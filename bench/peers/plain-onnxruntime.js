// A plain loop over onnxruntime-node and the stock files, as measure-job.js opens it: what one writes on an afternoon. No rules.
import { readFile } from 'node:fs/promises';
import { createEngine } from '../../dist/index.js';
import { ownModule } from '../own-module.js';
import { beamSearch, greedySearch } from './plain-search.js';

const ort = ownModule('onnxruntime-node');
const SUFFIXES = { fp32: '', q8: '_quantized' };

export async function open({ task, model, dtype, numThreads }) {
  const config = JSON.parse(await readFile(`${model}/config.json`, 'utf8'));
  const options = { intraOpNumThreads: numThreads, interOpNumThreads: 1, executionMode: 'sequential' };
  const load = (name) => ort.InferenceSession.create(`${model}/onnx/${name}${SUFFIXES[dtype] ?? `_${dtype}`}.onnx`, options);
  return task === 'summarization' ? openSummarizer(model, config, load) : openClassifier(model, config, load);
}

async function openClassifier(model, config, load) {
  const sharp = ownModule('sharp');
  const processor = JSON.parse(await readFile(`${model}/preprocessor_config.json`, 'utf8'));
  const { size, image_mean: mean, image_std: std } = processor;
  const [width, height] = typeof size === 'number' ? [size, size] : [size.width, size.height];
  const session = await load('model');
  async function answer(picture) {
    const resized = sharp(picture).resize(width, height, { fit: 'fill', kernel: 'linear' }).removeAlpha();
    const bytes = await resized.raw().toBuffer();
    const numPixels = width * height;
    const pixels = new Float32Array(3 * numPixels);
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < numPixels; pixel++) {
        pixels[channel * numPixels + pixel] = (bytes[pixel * 3 + channel] / 255 - mean[channel]) / std[channel];
      }
    }
    const { data } = (await session.run({ pixel_values: new ort.Tensor('float32', pixels, [1, 3, height, width]) })).logits;
    return { label: config.id2label[data.indexOf(Math.max(...data))].split(', ', 1)[0] };
  }
  return { answer, unload: () => session.release() };
}

async function openSummarizer(model, config, load) {
  const maxTokens = config.max_position_embeddings ?? config.n_positions;
  const [encoder, decoder] = [await load('encoder_model'), await load('decoder_model_merged')];
  // Its ids are given, once per text: the tokenizer is no part of the loop.
  const idsByText = new Map();
  async function idsOf(text) {
    if (!idsByText.has(text)) {
      const engine = createEngine({ offline: true });
      const { ids } = await engine.tokenize(text, { model });
      await engine.close();
      idsByText.set(text, BigInt64Array.from(ids.slice(0, maxTokens), BigInt));
    }
    return idsByText.get(text);
  }
  async function answer(text, { numTokens, numBeams }) {
    const ids = await idsOf(text);
    const mask = new BigInt64Array(ids.length).fill(1n);
    const shape = [1, ids.length];
    const feeds = { input_ids: new ort.Tensor('int64', ids, shape), attention_mask: new ort.Tensor('int64', mask, shape) };
    const { last_hidden_state: hidden } = await encoder.run(feeds);
    const search = numBeams === 1 ? greedySearch : beamSearch;
    const outputTokens = (await search({ decoder, config, hidden, numTokens, numBeams })).length;
    return { inputTokens: ids.length, outputTokens };
  }
  return { answer, unload: () => Promise.all([encoder.release(), decoder.release()]) };
}
