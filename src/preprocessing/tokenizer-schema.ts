import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { MAX_TOKEN_LENGTH, MAX_TOKENS, type ModelSettings, readModel } from './tokenizer-vocabulary.ts';

/** The one pattern that normalizers of these models use; patterns of the file are compared, never run. */
const KNOWN_PATTERNS = [' {2,}'] as const;
const MAX_STEPS = 16;
const MAX_ADDED_TOKENS = 10_000;
const MAX_CONTENT_LENGTH = 64;

const flag = v.nullish(v.boolean());
const tokenText = v.pipe(v.string(), v.nonEmpty(), v.maxLength(MAX_TOKEN_LENGTH));
const tokenId = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_TOKENS - 1));
const content = v.pipe(v.string(), v.maxLength(MAX_CONTENT_LENGTH));
/** How an added token is looked for, as tokenizer.json and tokenizer_config.json write it. */
export const tokenTraits = { single_word: flag, lstrip: flag, rstrip: flag, normalized: flag, special: flag };
const metaspace = v.object({
  type: v.literal('Metaspace'),
  replacement: v.optional(v.pipe(v.string(), v.length(1)), '▁'),
  prepend_scheme: v.nullish(v.picklist(['always', 'first', 'never'])),
  add_prefix_space: flag,
  split: flag,
});

const normalizerStep = v.variant('type', [
  v.object({ type: v.literal('Precompiled'), precompiled_charsmap: v.string() }),
  v.object({
    type: v.literal('Replace'),
    pattern: v.union([
      v.strictObject({ String: v.pipe(content, v.nonEmpty()) }),
      v.strictObject({ Regex: v.picklist(KNOWN_PATTERNS) }),
    ]),
    content,
  }),
  v.object({ type: v.literal('Prepend'), prepend: content }),
  v.object({ type: v.literal('Strip'), strip_left: flag, strip_right: flag }),
  v.object({ type: v.literal('Lowercase') }),
]);
const preTokenizerStep = v.variant('type', [
  v.object({ type: v.literal('WhitespaceSplit') }),
  metaspace,
  v.object({ type: v.literal('ByteLevel'), add_prefix_space: flag, use_regex: flag }),
]);
const processorToken = v.tuple([tokenText, tokenId]);
const postProcessorStep = v.variant('type', [
  v.object({
    type: v.literal('TemplateProcessing'),
    single: v.pipe(
      v.array(
        v.union([
          v.object({ SpecialToken: v.object({ id: tokenText }) }),
          v.object({ Sequence: v.object({ id: v.literal('A') }) }),
        ]),
      ),
      v.maxLength(MAX_STEPS),
    ),
    special_tokens: v.record(v.string(), v.object({ ids: v.pipe(v.array(tokenId), v.maxLength(MAX_STEPS)) })),
  }),
  v.object({ type: v.picklist(['RobertaProcessing', 'BertProcessing']), cls: processorToken, sep: processorToken }),
  v.object({ type: v.literal('ByteLevel') }),
]);

/** What of tokenizer.json is read, by field, and what is expected there; `model` is read by hand. */
const FIELDS = {
  added_tokens: [
    v.pipe(v.array(v.object({ id: tokenId, content: tokenText, ...tokenTraits })), v.maxLength(MAX_ADDED_TOKENS)),
    `a list of up to ${MAX_ADDED_TOKENS} tokens`,
  ],
  normalizer: [steps(normalizerStep), 'a normalizer that can be run here'],
  pre_tokenizer: [steps(preTokenizerStep), 'WhitespaceSplit, Metaspace, ByteLevel or a sequence of these'],
  post_processor: [steps(postProcessorStep), 'TemplateProcessing, RobertaProcessing, BertProcessing or ByteLevel'],
  decoder: [v.variant('type', [metaspace, v.object({ type: v.literal('ByteLevel') })]), 'Metaspace or ByteLevel'],
} as const;
/** Where a `Sequence` holds its steps. */
const SEQUENCE_FIELDS = { normalizer: 'normalizers', pre_tokenizer: 'pretokenizers', post_processor: 'processors' } as const;

type Fields = { readonly [name in keyof typeof FIELDS]: v.InferOutput<(typeof FIELDS)[name][0]> };
/** One step of the field `normalizer`. */
export type NormalizerStep = v.InferOutput<typeof normalizerStep>;
/** One step of the field `pre_tokenizer`. */
export type PreTokenizerStep = v.InferOutput<typeof preTokenizerStep>;
/** One step of the field `post_processor`. */
export type PostProcessorStep = v.InferOutput<typeof postProcessorStep>;
/** The pre-tokenizer or decoder `Metaspace`. */
export type MetaspaceConfig = v.InferOutput<typeof metaspace>;

/** A tokenizer.json that can be run here; a `Sequence` is a list of its steps. */
export interface TokenizerJson {
  readonly addedTokens: Fields['added_tokens'];
  readonly normalizer: Fields['normalizer'];
  readonly preTokenizer: Fields['pre_tokenizer'];
  readonly postProcessor: Fields['post_processor'];
  readonly decoder: Fields['decoder'] | null;
  readonly model: ModelSettings;
}

/**
 * Reads a tokenizer.json of the T5 and BART families.
 * @param source the file's name, for messages
 * @throws OnnxPredictError MODEL_INVALID naming the field, its value and what is expected
 */
export function parseTokenizerJson(json: unknown, source: string): TokenizerJson {
  if (!isObject(json)) throw invalid(source, 'is not a JSON object');
  return {
    addedTokens: readField(json, 'added_tokens', source) ?? [],
    normalizer: readField(json, 'normalizer', source) ?? [],
    preTokenizer: readField(json, 'pre_tokenizer', source) ?? [],
    postProcessor: readField(json, 'post_processor', source) ?? [],
    decoder: readField(json, 'decoder', source),
    model: readModel(json['model'], source),
  };
}

function readField<Name extends keyof Fields>(json: JsonObject, name: Name, source: string): Fields[Name] | null {
  const value = json[name] ?? null;
  if (value === null) return null;
  const sequenceField = name in SEQUENCE_FIELDS ? SEQUENCE_FIELDS[name as keyof typeof SEQUENCE_FIELDS] : null;
  const [schema, expected] = FIELDS[name];
  const parsed = v.safeParse(schema, sequenceField === null ? value : listSteps(value, sequenceField));
  if (parsed.success) return parsed.output as Fields[Name];
  const [issue] = parsed.issues;
  const path = [name, v.getDotPath(issue)].filter((part) => part !== null).join('.');
  throw invalid(source, `has ${path} ${issue.received.slice(0, 80)}, which is not ${expected}`);
}

function listSteps(value: unknown, sequenceField: string): unknown {
  return isObject(value) && value['type'] === 'Sequence' ? value[sequenceField] : [value];
}

function steps<Step extends v.GenericSchema>(step: Step) {
  return v.pipe(v.array(step), v.maxLength(MAX_STEPS));
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
