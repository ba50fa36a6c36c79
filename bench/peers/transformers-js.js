// transformers.js as measure-job.js opens it. It has no beam search: `numBeams` makes no difference.
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

export async function open({ task, model, dtype, numThreads }) {
  env.allowRemoteModels = false;
  env.localModelPath = dirname(model);
  const session_options = { intraOpNumThreads: numThreads, interOpNumThreads: 1 };
  const run = await pipeline(task, basename(model), { dtype, device: 'cpu', session_options });
  return { answer: task === 'summarization' ? summarize : classify, unload: () => run.dispose() };

  async function classify(picture) {
    const [best] = await run(picture, { top_k: 5 });
    return { label: best?.label.split(', ', 1)[0] };
  }

  async function summarize(text, { numTokens }) {
    const { tokenizer, model: network } = run;
    const inputs = await tokenizer([text], { padding: true, truncation: true });
    const lengths = { min_length: numTokens, max_length: numTokens, max_new_tokens: null };
    const outputs = await network.generate({ ...inputs, num_beams: 1, ...lengths, no_repeat_ngram_size: 0, do_sample: false });
    tokenizer.batch_decode(outputs, { skip_special_tokens: true });
    return { inputTokens: inputs.input_ids.dims[1], outputTokens: outputs.dims[1] };
  }
}
