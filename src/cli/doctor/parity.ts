import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { reportError } from '../../errors.ts';
import { type Check, checksOf } from './check.ts';

const { ok, problem } = checksOf('parity');
/** Of logits, and of scores of beams. */
const TOLERANCE = 1e-4;
const ROOT = new URL('../../../', import.meta.url);
const REMEDY =
  'Answers differ from Python’s on this machine. Install the package again; if it stays so, report this text with "onnx-predict doctor --json".';

const ParitySchema = v.object({
  versions: v.record(v.string(), v.string()),
  classify: v.array(v.object({ image: v.string(), logits: v.array(v.number()) })),
  summarize: v.array(
    v.object({
      text: v.string(),
      options: v.object({
        num_beams: v.number(),
        min_length: v.number(),
        max_length: v.number(),
        length_penalty: v.optional(v.number()),
        early_stopping: v.optional(v.boolean()),
        no_repeat_ngram_size: v.optional(v.number()),
      }),
      output_ids: v.array(v.number()),
      score: v.nullable(v.number()),
      summary: v.string(),
    }),
  ),
});

type Parity = v.InferOutput<typeof ParitySchema>;

/** Answers what Python answered once, with the built-in models, and compares. */
export async function checkParity(
  engine: Engine,
  signal: AbortSignal,
  path = new URL('models/parity.json', ROOT),
): Promise<Check[]> {
  const { versions, classify, summarize } = v.parse(ParitySchema, JSON.parse(await readFile(path, 'utf8')));
  const pictures = await Promise.all(
    classify.map((each) => attempt(each.image, () => checkPicture(engine, each, signal), signal)),
  );
  const texts = await Promise.all(
    summarize.map((each, i) => attempt(`text ${i + 1}`, () => checkText(engine, `text ${i + 1}`, each, signal), signal)),
  );
  const checks = [...pictures, ...texts];
  const drifted = checks.filter(({ status }) => status !== 'ok');
  const source = `transformers ${versions['transformers']}, ONNX Runtime ${versions['onnxruntime']}`;
  if (drifted.length > 0) return drifted;
  return [ok('Python’s answers', `${checks.length} of ${checks.length} the same (${source})`)];
}

async function checkPicture(engine: Engine, { image, logits }: Parity['classify'][number], signal: AbortSignal): Promise<Check> {
  const options = { model: 'tiny', activation: 'none', topK: logits.length, signal } as const;
  const { top } = await engine.classify(fileURLToPath(new URL(image, ROOT)), options);
  const worst = top.reduce((a, b) => (drift(b, logits) > drift(a, logits) ? b : a));
  if (top.length === logits.length && drift(worst, logits) <= TOLERANCE) return ok(image, 'the same');
  const { label, score, index } = worst;
  return problem(image, `logit of "${label}": expected ${logits[index]}, got ${score}`, REMEDY);
}

async function checkText(
  engine: Engine,
  name: string,
  { text, options, output_ids, score, summary }: Parity['summarize'][number],
  signal: AbortSignal,
): Promise<Check> {
  const result = await engine.summarize(text, { model: 'tiny', ...toOptions(options), signal });
  if (result.outputIds.join() !== output_ids.join() || result.summary !== summary) {
    return problem(name, `expected "${summary}", got "${result.summary}"`, REMEDY);
  }
  if (score === null || (result.score !== null && Math.abs(result.score - score) <= TOLERANCE)) return ok(name, 'the same');
  return problem(name, `score: expected ${score}, got ${result.score}`, REMEDY);
}

function toOptions(options: Parity['summarize'][number]['options']) {
  const { length_penalty: lengthPenalty, early_stopping: earlyStopping, no_repeat_ngram_size: noRepeatNgramSize } = options;
  return {
    numBeams: options.num_beams,
    minLength: options.min_length,
    maxLength: options.max_length,
    ...(lengthPenalty === undefined ? {} : { lengthPenalty }),
    ...(earlyStopping === undefined ? {} : { earlyStopping }),
    ...(noRepeatNgramSize === undefined ? {} : { noRepeatNgramSize }),
  };
}

function drift({ score, index }: { readonly score: number; readonly index: number }, logits: readonly number[]): number {
  return Math.abs(score - (logits[index] ?? Number.NaN));
}

async function attempt(name: string, check: () => Promise<Check>, signal: AbortSignal): Promise<Check> {
  try {
    return await check();
  } catch (error) {
    signal.throwIfAborted();
    return problem(name, 'no answer', reportError(error).message);
  }
}
