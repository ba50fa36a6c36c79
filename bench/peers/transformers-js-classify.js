// transformers.js doing what `classify` does: node transformers-js-classify.js <model folder> <picture>
import { basename, dirname } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';

const [model, picture] = /** @type {[string, string]} */ (/** @type {unknown} */ (process.argv.slice(2)));
env.allowRemoteModels = false;
env.localModelPath = dirname(model);
const classify = await pipeline('image-classification', basename(model), { dtype: 'fp32', device: 'cpu' });
const [best] = await classify(picture, { top_k: 5 });
process.stdout.write(`${best?.label.split(', ', 1)[0]}\t${best?.score}\n`);
