/**
 * Requests, options and results, once. The TypeScript types, the validation at every edge and (later) the OpenAPI document come
 * from here.
 */
import * as v from 'valibot';
import { OnnxPredictError } from './errors.ts';

/** Weights' number formats, by the names the Hugging Face Hub's ONNX conversions use; `q8` is the file `*_quantized.onnx`. */
export const DtypeSchema = v.picklist(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4']);
export type Dtype = v.InferOutput<typeof DtypeSchema>;

/** What turns logits into scores: `softmax` for one-of-many, `sigmoid` for independent labels, `none` for raw logits. */
export const ActivationSchema = v.picklist(['softmax', 'sigmoid', 'none']);
export type Activation = v.InferOutput<typeof ActivationSchema>;

export const DEFAULT_TOP_K = 5;
/** The model that `classify` uses when none is named. */
export const DEFAULT_IMAGE_CLASSIFIER = 'mit-b0';

const countSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));

/** Options of `engine.classify()` but for `signal`, which is not data. */
export const ClassifyOptionsSchema = v.pipe(
  v.strictObject({
    /** An alias (`mit-b0`, `tiny`) or a folder in Hub layout. Default `mit-b0`. */
    model: v.optional(v.pipe(v.string(), v.nonEmpty('must not be empty'))),
    /** Default `fp32`: exactness is the promise. */
    dtype: v.optional(DtypeSchema),
    /** How many candidates `top` holds, at most; default 5. */
    topK: v.optional(countSchema),
    /** Default `softmax`. */
    activation: v.optional(ActivationSchema),
    /** Below this score the answer is an abstention: `classLabel: null`. Between 0 and 1 unless activation is `none`. */
    minConfidence: v.optional(v.pipe(v.number(), v.finite('must be a finite number'))),
    /** Pictures of more pixels are refused before decoding; default 89,478,485. */
    maxPixels: v.optional(countSchema),
  }),
  v.forward(
    v.check(
      ({ minConfidence, activation }) =>
        minConfidence === undefined || activation === 'none' || (minConfidence >= 0 && minConfidence <= 1),
      'must be between 0 and 1 (any number with activation "none")',
    ),
    ['minConfidence'],
  ),
);

/** Options of `engine.classify()`. */
export type ClassifyOptions = v.InferInput<typeof ClassifyOptionsSchema> & {
  /** Aborting rejects with `signal.reason`; work already in a runner stops at its next step. */
  readonly signal?: AbortSignal;
};

/** One candidate label. */
export interface Candidate {
  /** The whole label, as the model's config.json has it: `Arctic fox, white fox, Alopex lagopus`. */
  readonly label: string;
  readonly score: number;
  /** The label's row in the model's logits. */
  readonly index: number;
}

/** Which model answered. */
export interface ModelIdentity {
  readonly id: string;
  /** The commit of the Hub repository; null for built-in models and folders. */
  readonly revision: string | null;
  readonly dtype: Dtype;
}

/** The answer of `engine.classify()`. */
export interface ClassificationResult {
  /** The top label's first synonym (`Arctic fox`); null if its score is below `minConfidence`. */
  readonly classLabel: string | null;
  /** The top candidate's score, also when the answer is an abstention. */
  readonly score: number;
  /** The `topK` best candidates, best first; equal scores by index. */
  readonly top: readonly Candidate[];
  readonly model: ModelIdentity;
  /** Milliseconds; `loadMs` is what this request waited for the model, 0 once it is loaded. */
  readonly timings: { readonly loadMs: number; readonly preprocessMs: number; readonly inferenceMs: number };
}

/** Whether beam search ends as soon as `numBeams` texts are finished; `never` only when none that goes on could be better. */
const EarlyStoppingSchema = v.union([v.boolean(), v.literal('never')], 'must be true, false or "never"');
export type EarlyStopping = v.InferOutput<typeof EarlyStoppingSchema>;

/** Every beam holds its own copy of the decoder's memory. */
export const MAX_NUM_BEAMS = 64;

const tokenIdSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'));
const tokenIdsSchema = v.union(
  [tokenIdSchema, v.pipe(v.array(tokenIdSchema), v.nonEmpty())],
  'must be a token id, or a list of them that is not empty',
);
const naturalSchema = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0, 'must not be negative'));

/**
 * The rules of text generation, named as in transformers. Without one the model's configuration decides; an explicit null
 * switches the rule off. Lengths count the start token, counts of new tokens do not.
 */
export const GenerationOptionsSchema = v.strictObject({
  minLength: v.nullish(naturalSchema),
  maxLength: v.nullish(v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(2, 'must be at least 2'))),
  /** Wins over `minLength`. */
  minNewTokens: v.nullish(naturalSchema),
  /** Wins over `maxLength`. */
  maxNewTokens: v.nullish(countSchema),
  /** 1 is greedy. */
  numBeams: v.nullish(v.pipe(countSchema, v.maxValue(MAX_NUM_BEAMS, `must be at most ${MAX_NUM_BEAMS}`))),
  /** A finished text's score is divided by its length to this power: above 0, longer texts win. */
  lengthPenalty: v.nullish(v.pipe(v.number(), v.finite('must be a finite number'))),
  earlyStopping: v.nullish(EarlyStoppingSchema),
  noRepeatNgramSize: v.nullish(naturalSchema),
  repetitionPenalty: v.nullish(v.pipe(v.number(), v.finite('must be a finite number'), v.gtValue(0, 'must be greater than 0'))),
  badWordsIds: v.nullish(
    v.pipe(v.array(v.pipe(v.array(tokenIdSchema), v.nonEmpty('must not be empty'))), v.nonEmpty('must not be empty')),
  ),
  forcedBosTokenId: v.nullish(tokenIdSchema),
  forcedEosTokenId: v.nullish(tokenIdsSchema),
  decoderStartTokenId: v.nullish(tokenIdSchema),
  bosTokenId: v.nullish(tokenIdSchema),
  eosTokenId: v.nullish(tokenIdsSchema),
  padTokenId: v.nullish(tokenIdSchema),
  numReturnSequences: v.nullish(countSchema),
});
export type GenerationOptions = v.InferOutput<typeof GenerationOptionsSchema>;

/**
 * Validates a caller's value.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the field, its value and what is expected
 */
export function parseArgument<const T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? 'options';
  const message = issue.type === 'strict_object' ? 'is not an option' : issue.message;
  throw new OnnxPredictError('INVALID_ARGUMENT', `${field}: ${message} (got ${describe(issue.input)})`);
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
