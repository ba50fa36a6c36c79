import * as v from 'valibot';
import { classificationParameters, generationParameters } from '../generation-parameters.ts';

export const AliasPathSchema = v.object({
  alias: v.pipe(v.string(), v.description('A model that this server offers, by its name.')),
});

/** The parameters of a picture: in the body beside it, or in the query of its bytes. */
export const ImageParametersSchema = v.strictObject(classificationParameters);

const generateParameters = v.strictObject(generationParameters);

/** The same as a query has them, which may be left out and not be null. */
export const ImageQuerySchema = v.object({
  top_k: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(1000),
      v.description('How many labels, of the bytes of a picture; 5.'),
    ),
  ),
  function_to_apply: v.optional(
    v.pipe(
      v.picklist(['softmax', 'sigmoid', 'none'], 'must be softmax, sigmoid or none'),
      v.description('What makes scores of logits, of the bytes of a picture.'),
    ),
  ),
});

/** Parameters of texts. `generate_parameters` is where the clients' types have those of `generate()`; here they may stand in either place. */
export const TextParametersSchema = v.strictObject({
  ...generationParameters,
  generate_parameters: v.nullish(generateParameters),
  clean_up_tokenization_spaces: v.nullish(v.boolean('must be true or false')),
  truncation: v.nullish(
    v.union(
      [v.boolean(), v.picklist(['do_not_truncate', 'longest_first', 'only_first'])],
      'must be longest_first, only_first or do_not_truncate: there is no second text',
    ),
  ),
});

/** Other members (`options`, `model`) say nothing here: there is no cache and no waiting room to be asked for. */
const inference = <const Inputs extends v.GenericSchema, const Parameters extends v.GenericSchema>(
  inputs: Inputs,
  parameters: Parameters,
) => v.object({ inputs, parameters: v.nullish(parameters) });

/** Read first, as what the parameters may be depends on what the inputs are. */
export const InferenceSchema = inference(
  v.union([v.string(), v.pipe(v.array(v.string()), v.nonEmpty())], 'must be a string, or a list of strings that is not empty'),
  v.record(v.string(), v.unknown(), 'must be an object'),
);

/** The body as it is documented. */
export const InferenceRequestSchema = v.union([
  v.pipe(
    inference(
      v.pipe(v.union([v.string(), v.array(v.string())]), v.description('A text to summarize, or several.')),
      TextParametersSchema,
    ),
    v.title('SummarizationRequest'),
  ),
  v.pipe(
    inference(
      v.pipe(v.string(), v.description('A picture in base64, with or without a prefix as data:image/png;base64,')),
      ImageParametersSchema,
    ),
    v.title('ImageClassificationRequest'),
  ),
]);

/** All of one kind. */
export const InferenceAnswerSchema = v.array(
  v.union([
    v.pipe(v.object({ summary_text: v.string() }), v.title('SummaryText')),
    v.pipe(v.object({ label: v.string(), score: v.number() }), v.title('LabelScore')),
  ]),
);

export const InferenceErrorSchema = v.pipe(
  v.object({ error: v.string(), detail: v.string() }),
  v.title('InferenceError'),
  v.description('What went wrong, in one sentence, under both names that clients look for.'),
);
