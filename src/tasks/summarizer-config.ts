import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';
import { findMaxInputTokens } from '../max-input-tokens.ts';

const MAX_PREFIX_LENGTH = 10_000;
const positionsSchema = v.fallback(v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))), null);
const prefixSchema = v.fallback(v.nullish(v.pipe(v.string(), v.maxLength(MAX_PREFIX_LENGTH))), null);

const ConfigSchema = v.object({
  is_encoder_decoder: v.nullish(v.boolean()),
  n_positions: positionsSchema,
  max_position_embeddings: positionsSchema,
  prefix: prefixSchema,
  task_specific_params: v.fallback(
    v.nullish(v.object({ summarization: v.fallback(v.nullish(v.object({ prefix: prefixSchema })), null) })),
    null,
  ),
});

/** What a summarizer's config.json says of its input. */
export interface SummarizerConfig {
  /** What the reference pipeline puts in front of a text. */
  readonly prefix: string;
  /** How many tokens the encoder reads at most, special tokens included. */
  readonly maxInputTokens: number;
}

/**
 * Reads config.json; as in transformers' pipeline, `task_specific_params.summarization` wins over the fields beside it.
 * @param modelMaxLength the tokenizer's; null if it says none
 * @throws OnnxPredictError MODEL_INVALID naming the file
 */
export function parseSummarizerConfig(json: unknown, modelMaxLength: number | null, source: string): SummarizerConfig {
  const parsed = v.safeParse(ConfigSchema, json);
  if (!parsed.success) throw new OnnxPredictError('MODEL_INVALID', `${source} is no configuration of a model.`);
  const config = parsed.output;
  if (config.is_encoder_decoder === false) {
    const message = `${source} is of a model without an encoder; only encoder-decoder models (T5, BART) summarize here.`;
    throw new OnnxPredictError('MODEL_INVALID', message);
  }
  const { max_position_embeddings: maxPositionEmbeddings, n_positions: nPositions } = config;
  return {
    prefix: config.task_specific_params?.summarization?.prefix ?? config.prefix ?? '',
    maxInputTokens: findMaxInputTokens({ modelMaxLength, maxPositionEmbeddings, nPositions }),
  };
}
