import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { tokenTraits } from './tokenizer-schema.ts';
import { MAX_TOKEN_LENGTH } from './tokenizer-vocabulary.ts';

const MAX_SPECIAL_TOKENS = 1000;
/** Above this, `model_max_length` means "none": transformers writes 1e30 there. */
const MAX_MODEL_LENGTH = 10_000_000;
const NAMED_TOKENS = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

const token = v.pipe(
  v.union([v.string(), v.object({ content: v.string(), ...tokenTraits })]),
  v.transform((given) => (typeof given === 'string' ? { content: given, normalized: false } : given)),
  v.check(({ content }) => content.length <= MAX_TOKEN_LENGTH),
);
const named = v.nullish(token);
const tokens = {
  bos_token: named,
  eos_token: named,
  unk_token: named,
  sep_token: named,
  pad_token: named,
  cls_token: named,
  mask_token: named,
  additional_special_tokens: v.nullish(v.pipe(v.array(token), v.maxLength(MAX_SPECIAL_TOKENS))),
};
const specialTokensMapSchema = v.object(tokens);
const configSchema = v.object({
  ...tokens,
  // Up to 999,999: below MAX_TOKENS.
  added_tokens_decoder: v.nullish(v.record(v.pipe(v.string(), v.regex(/^\d{1,6}$/)), token)),
  add_prefix_space: v.nullish(v.boolean()),
  clean_up_tokenization_spaces: v.nullish(v.boolean()),
  model_max_length: v.nullish(v.pipe(v.number(), v.minValue(1))),
  truncation_side: v.nullish(v.picklist(['left', 'right'])),
});

/** A token that a configuration names; its id is known where it comes from added_tokens_decoder. */
export type NamedToken = v.InferOutput<typeof token> & { readonly id?: number };

/** What tokenizer_config.json and special_tokens_map.json say beyond tokenizer.json. */
export interface TokenizerConfig {
  /** In the order in which transformers adds those that tokenizer.json lacks. */
  readonly tokens: readonly NamedToken[];
  readonly addPrefixSpace: boolean | null;
  readonly cleanUpSpaces: boolean;
  /** How many tokens the model takes at most; null: not said. */
  readonly modelMaxLength: number | null;
  readonly truncationSide: 'left' | 'right';
}

/**
 * Reads tokenizer_config.json and special_tokens_map.json; null stands for a file that is not there.
 * @throws OnnxPredictError MODEL_INVALID naming the field and its value
 */
export function parseTokenizerConfig(config: unknown, specialTokensMap: unknown, source: string): TokenizerConfig {
  const fields = parse(configSchema, config, `${source} (tokenizer_config.json)`);
  const mapped = parse(specialTokensMapSchema, specialTokensMap, `${source} (special_tokens_map.json)`);
  const decoder = Object.entries(fields.added_tokens_decoder ?? {}).map(([id, added]) => ({ ...added, id: Number(id) }));
  const maxLength = fields.model_max_length ?? Infinity;
  return {
    tokens: [...decoder, ...specials(fields), ...specials(mapped)].filter(({ content }) => content !== ''),
    addPrefixSpace: fields.add_prefix_space ?? null,
    cleanUpSpaces: fields.clean_up_tokenization_spaces ?? false,
    modelMaxLength: maxLength <= MAX_MODEL_LENGTH ? Math.floor(maxLength) : null,
    truncationSide: fields.truncation_side ?? 'right',
  };
}

function specials(fields: v.InferOutput<typeof specialTokensMapSchema>): readonly NamedToken[] {
  const named = NAMED_TOKENS.map((name) => fields[name]).filter((given) => given !== null && given !== undefined);
  return [...named, ...(fields.additional_special_tokens ?? [])].map((given) => ({ ...given, special: true }));
}

function parse<Schema extends v.GenericSchema>(schema: Schema, json: unknown, source: string): v.InferOutput<Schema> {
  // Valibot takes a list for an object.
  if (Array.isArray(json)) throw invalid(source, 'is a list, where an object is expected');
  const parsed = v.safeParse(schema, json ?? {});
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? 'as a whole';
  throw invalid(source, `has ${path} ${issue.received.slice(0, 80)}, where ${String(issue.expected).slice(0, 80)} is expected`);
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
