import * as v from 'valibot';
import { GenerationOptionsSchema, type SummarizeOptions } from '../schemas.ts';
import { Refusal } from './refusal.ts';

const { entries } = GenerationOptionsSchema;

/** What a request may ask of a summary, by transformers' names. Null is as good as nothing. */
export const generationParameters = {
  min_length: entries.minLength,
  max_length: entries.maxLength,
  min_new_tokens: entries.minNewTokens,
  max_new_tokens: entries.maxNewTokens,
  num_beams: entries.numBeams,
  length_penalty: entries.lengthPenalty,
  early_stopping: entries.earlyStopping,
  no_repeat_ngram_size: entries.noRepeatNgramSize,
  repetition_penalty: entries.repetitionPenalty,
  do_sample: v.nullish(v.literal(false, 'must be false: sampling is not offered here')),
};

const GenerationParametersSchema = v.object(generationParameters);

/** What a request may ask of the labels of a picture. */
export const classificationParameters = {
  top_k: v.nullish(
    v.pipe(
      v.number(),
      v.integer('must be a whole number'),
      v.minValue(1, 'must be at least 1'),
      v.maxValue(1000, 'must be at most 1000'),
    ),
  ),
  function_to_apply: v.nullish(v.picklist(['softmax', 'sigmoid', 'none'], 'must be softmax, sigmoid or none')),
};

/**
 * The engine's options for these parameters.
 * @throws Refusal 422 for lengths of which the shortest is longer than the longest
 */
export function toGenerationOptions(
  parameters: v.InferOutput<typeof GenerationParametersSchema>,
): Omit<SummarizeOptions, 'signal' | 'onProgress' | 'onText'> {
  const { min_length: minLength, max_length: maxLength } = parameters;
  if (typeof minLength === 'number' && typeof maxLength === 'number' && minLength > maxLength) {
    throw new Refusal(422, `parameters.min_length: must be at most max_length, which is ${maxLength}`);
  }
  const options = {
    minLength,
    maxLength,
    minNewTokens: parameters.min_new_tokens,
    maxNewTokens: parameters.max_new_tokens,
    numBeams: parameters.num_beams,
    lengthPenalty: parameters.length_penalty,
    earlyStopping: parameters.early_stopping,
    noRepeatNgramSize: parameters.no_repeat_ngram_size,
    repetitionPenalty: parameters.repetition_penalty,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}
