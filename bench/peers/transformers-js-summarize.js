// transformers.js at the same greedy job: node transformers-js-summarize.js '{"model", "text", "numTokens", "numThreads"}'
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { peakMegabytes } from '../peak-memory.js';

const { model, text, numTokens, numThreads } = JSON.parse(process.argv[2] ?? '');
env.allowRemoteModels = false;
env.localModelPath = dirname(model);
const loadStartMs = performance.now();
const session_options = { intraOpNumThreads: numThreads };
const summarizer = await pipeline('summarization', basename(model), { dtype: 'fp32', device: 'cpu', session_options });
const loadMs = performance.now() - loadStartMs;
const { tokenizer, model: network } = summarizer;
const prefix = network.config.task_specific_params?.summarization?.prefix ?? network.config.prefix ?? '';

async function summarize() {
  const inputs = await tokenizer([prefix + text], { padding: true, truncation: true });
  const rules = { num_beams: 1, min_length: numTokens, max_length: numTokens, max_new_tokens: null, no_repeat_ngram_size: 0 };
  const outputs = await network.generate({ ...inputs, ...rules, do_sample: false });
  tokenizer.batch_decode(outputs, { skip_special_tokens: true });
  return { inputTokens: inputs.input_ids.dims[1], outputTokens: outputs.dims[1] };
}

const tokens = await summarize();
const summaryMs = [];
for (let run = 0; run < 3; run++) {
  const startMs = performance.now();
  await summarize();
  summaryMs.push(performance.now() - startMs);
}
const stepMs = summaryMs.map((total) => total / (numTokens - 1));
process.stdout.write(JSON.stringify({ loadMs, summaryMs, stepMs, ...tokens, peakMegabytes: await peakMegabytes() }));
