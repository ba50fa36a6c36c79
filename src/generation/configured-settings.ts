import type { GenerationOptions } from '../schemas.ts';

/** What a model's files say; the same names as a request's, and never null. */
export type Settings = { readonly [K in keyof GenerationOptions]?: NonNullable<GenerationOptions[K]> | undefined };

/** Rules of transformers that change greedy or beam search, and which this package does not have. */
const UNSUPPORTED: Readonly<Record<string, unknown>> = {
  begin_suppress_tokens: null,
  diversity_penalty: 0,
  do_sample: false,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  exponential_decay_length_penalty: null,
  guidance_scale: 1,
  num_beam_groups: 1,
  renormalize_logits: false,
  sequence_bias: null,
  suppress_tokens: null,
};

/**
 * Reads the rules out of a generation_config.json, out of task_specific_params.summarization or out of a config.json. A value
 * that cannot be one counts as not there: a model's file never makes a request fail.
 */
export function readSettings(json: unknown, vocabSize: number | null): Settings {
  if (!isRecord(json)) return {};
  const tokenId = (value: unknown) => integer(value, 0, vocabSize === null ? undefined : vocabSize - 1);
  const tokenIds = (value: unknown) => {
    const ids = (Array.isArray(value) ? value : [value]).map(tokenId).filter((id) => id !== undefined);
    return ids.length > 0 ? ids : undefined;
  };
  return {
    minLength: integer(json['min_length'], 0),
    maxLength: integer(json['max_length'], 1),
    minNewTokens: integer(json['min_new_tokens'], 0),
    maxNewTokens: integer(json['max_new_tokens'], 1),
    numBeams: integer(json['num_beams'], 1),
    numReturnSequences: integer(json['num_return_sequences'], 1),
    lengthPenalty: finite(json['length_penalty']),
    earlyStopping: earlyStopping(json['early_stopping']),
    noRepeatNgramSize: integer(json['no_repeat_ngram_size'], 0),
    repetitionPenalty: positive(json['repetition_penalty']),
    badWordsIds: words(json['bad_words_ids'], tokenId),
    forcedBosTokenId: tokenId(json['forced_bos_token_id']),
    forcedEosTokenId: tokenIds(json['forced_eos_token_id']),
    decoderStartTokenId: tokenId(json['decoder_start_token_id']),
    bosTokenId: tokenId(json['bos_token_id']),
    eosTokenId: tokenIds(json['eos_token_id']),
    padTokenId: tokenId(json['pad_token_id']),
  };
}

/** config.json as transformers reads it where there is no generation_config.json. */
export function legacyConfig(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (config['force_bos_token_to_be_generated'] !== true) return config;
  return { ...config, forced_bos_token_id: config['forced_bos_token_id'] ?? config['bos_token_id'] };
}

/** The names of the rules in `json` that are switched on there and are not followed here. */
export function unsupportedSettings(json: unknown): string[] {
  if (!isRecord(json)) return [];
  return Object.keys(UNSUPPORTED).filter((name) => (json[name] ?? UNSUPPORTED[name]) !== UNSUPPORTED[name]);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` if it is an integer from `min` to `max`. */
export function integer(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const number = finite(value);
  return number !== undefined && number > 0 ? number : undefined;
}

function earlyStopping(value: unknown): boolean | 'never' | undefined {
  return typeof value === 'boolean' || value === 'never' ? value : undefined;
}

function words(value: unknown, tokenId: (id: unknown) => number | undefined): number[][] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(Array.isArray).filter((word) => word.length > 0 && word.every((id) => tokenId(id) !== undefined));
}
