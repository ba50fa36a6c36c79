// The tutorial's routes on transformers.js and Koa, as few lines as that takes:
// node transformers-js-server.js '{"models": {"mit-b0", "t5", "bart"}, "numThreads"}'
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import busboy from '@fastify/busboy';
import { env, pipeline, RawImage } from '@huggingface/transformers';
import Koa from 'koa';

const { models, numThreads } = JSON.parse(process.argv[2] ?? '');
const options = { dtype: 'fp32', device: 'cpu', session_options: { intraOpNumThreads: numThreads } };
env.allowRemoteModels = false;

/** @param {'image-classification' | 'summarization'} task @param {string} folder */
function load(task, folder) {
  env.localModelPath = dirname(folder);
  return pipeline(task, basename(folder), options);
}

const classify = await load('image-classification', models['mit-b0']);
const summarizers = {
  t5: await load('summarization', models.t5),
  bart: models.bart && (await load('summarization', models.bart)),
};

/** @param {import('node:http').IncomingMessage} request @returns {Promise<Buffer>} */
function readFile(request) {
  return new Promise((resolve, reject) => {
    const form = new busboy({ headers: request.headers });
    form.on('file', (_, file) => {
      const chunks = [];
      file.on('data', (chunk) => chunks.push(chunk));
      file.on('end', () => resolve(Buffer.concat(chunks)));
    });
    form.on('error', reject);
    request.pipe(form);
  });
}

/** @param {import('node:http').IncomingMessage} request */
async function readJson(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** With the tutorial's lengths. It has no beam search, so BART is asked greedily too. */
async function summarize(text, name) {
  const { tokenizer, model } = summarizers[name];
  const prefix = model.config.task_specific_params?.summarization?.prefix ?? model.config.prefix ?? '';
  const lengths =
    name === 't5' ? { min_length: 80, max_length: 100 } : { min_length: 30, max_length: 130, no_repeat_ngram_size: 3 };
  const inputs = await tokenizer([prefix + text], { padding: true, truncation: true });
  const outputs = await model.generate({ ...inputs, num_beams: 1, ...lengths, max_new_tokens: null, do_sample: false });
  return tokenizer.batch_decode(outputs, { skip_special_tokens: true })[0];
}

const app = new Koa();
app.use(async (context) => {
  if (context.path === '/') {
    context.body = { message: 'Welcome to the ML Model API' };
  } else if (context.path === '/predict/image_classes') {
    const picture = await RawImage.fromBlob(new Blob([await readFile(context.req)]));
    const [best] = await classify(picture, { top_k: 1 });
    context.body = { class_label: best.label.split(', ', 1)[0] };
  } else if (context.path === '/predict/text_summarize') {
    const { text } = await readJson(context.req);
    context.body = { summary: await summarize(text, context.query['model']) };
  }
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`Listening on http://127.0.0.1:${server.address().port}\n`);
