// The least that the job takes: a greedy loop over onnxruntime-node without any rule, on ids that are given.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createEngine } from '../../dist/index.js';
import { peakMegabytes } from '../peak-memory.js';

// Ours, and not the one that a peer has brought.
const ort = createRequire(new URL('../../package.json', import.meta.url))('onnxruntime-node');
const { model, text, numTokens, numThreads } = JSON.parse(process.argv[2] ?? '');
const config = JSON.parse(await readFile(`${model}/config.json`, 'utf8'));
const prefix = config.task_specific_params?.summarization?.prefix ?? config.prefix ?? '';
const engine = createEngine();
const maxTokens = config.max_position_embeddings ?? config.n_positions;
const { ids } = await engine.tokenize(prefix + text, { model });
await engine.close();
const inputIds = BigInt64Array.from(ids.slice(0, maxTokens), BigInt);
const loadStartMs = performance.now();
/** @type {import('onnxruntime-node').InferenceSession.SessionOptions} */
const options = { intraOpNumThreads: numThreads, interOpNumThreads: 1, executionMode: 'sequential' };
const encoder = await ort.InferenceSession.create(`${model}/onnx/encoder_model.onnx`, options);
const decoder = await ort.InferenceSession.create(`${model}/onnx/decoder_model_merged.onnx`, options);
const loadMs = performance.now() - loadStartMs;
const heads = config.num_heads ?? config.decoder_attention_heads;
const dim = config.d_kv ?? config.d_model / heads;
const presents = decoder.outputNames.filter((name) => name.startsWith('present.'));

/** @param {Float32Array} scores */
function argmax(scores) {
  let best = 0;
  for (let index = 1; index < scores.length; index++) if (scores[index] > scores[best]) best = index;
  return best;
}

async function summarize() {
  const startMs = performance.now();
  const mask = new ort.Tensor('int64', new BigInt64Array(inputIds.length).fill(1n), [1, inputIds.length]);
  const encoded = await encoder.run({ input_ids: new ort.Tensor('int64', inputIds, [1, inputIds.length]), attention_mask: mask });
  const encodedMs = performance.now();
  /** @type {Record<string, import('onnxruntime-node').Tensor>} */
  let past = {};
  for (const name of presents) {
    past[name.replace('present', 'past_key_values')] = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, dim]);
  }
  let token = config.decoder_start_token_id;
  for (let step = 1; step < numTokens; step++) {
    const feeds = {
      input_ids: new ort.Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
      encoder_attention_mask: mask,
      encoder_hidden_states: encoded.last_hidden_state,
      use_cache_branch: new ort.Tensor('bool', Uint8Array.of(step === 1 ? 0 : 1), [1]),
      ...past,
    };
    const known = Object.fromEntries(Object.entries(feeds).filter(([name]) => decoder.inputNames.includes(name)));
    const outputs = await decoder.run(known);
    token = argmax(outputs.logits.data);
    const next = presents
      .filter((name) => step === 1 || !name.includes('.encoder.'))
      .map((name) => [name.replace('present', 'past_key_values'), outputs[name]]);
    past = { ...past, ...Object.fromEntries(next) };
  }
  return { encodeMs: encodedMs - startMs, totalMs: performance.now() - startMs };
}

await summarize();
const summaryMs = [];
const stepMs = [];
for (let run = 0; run < 3; run++) {
  const { encodeMs, totalMs } = await summarize();
  summaryMs.push(totalMs);
  stepMs.push((totalMs - encodeMs) / (numTokens - 1));
}
const tokens = { inputTokens: inputIds.length, outputTokens: numTokens };
process.stdout.write(JSON.stringify({ loadMs, summaryMs, stepMs, ...tokens, peakMegabytes: await peakMegabytes() }));
