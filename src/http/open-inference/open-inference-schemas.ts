import * as v from 'valibot';
import { TruncateSchema } from '../../schemas.ts';
import { classificationParameters, generationParameters } from '../generation-parameters.ts';

const sizes = v.array(v.pipe(v.number(), v.integer()));

export const ParametersSchema = v.record(
  v.string(),
  v.union([v.string(), v.number(), v.boolean()], 'must be a string, a number, true or false'),
);

/** Parameters of any request: how outputs are sent, and what clients say of their own encoding. */
const commonParameters = {
  binary_data_output: v.optional(v.boolean('must be true or false')),
  content_type: v.optional(v.string()),
};

export const LabelParametersSchema = v.strictObject({ ...commonParameters, ...classificationParameters });
export const SummaryParametersSchema = v.strictObject({
  ...commonParameters,
  ...generationParameters,
  truncate: v.optional(v.picklist(TruncateSchema.options, 'must be end or error')),
});

const modelName = v.pipe(v.string(), v.description('A model that this server offers, by its name.'));
export const ModelPathSchema = v.object({ name: modelName });
export const VersionPathSchema = v.object({
  name: modelName,
  version: v.pipe(v.string(), v.description('Its commit on the Hugging Face Hub, as its metadata has it.')),
});

const tensorMetadata = v.pipe(
  v.object({ name: v.string(), datatype: v.string(), shape: v.pipe(sizes, v.description('-1 is any size.')) }),
  v.title('TensorMetadata'),
);

export const ServerMetadataSchema = v.pipe(
  v.object({ name: v.string(), version: v.string(), extensions: v.array(v.string()) }),
  v.title('ServerMetadata'),
);

export const ModelMetadataSchema = v.pipe(
  v.object({
    name: v.string(),
    versions: v.optional(v.pipe(v.array(v.string()), v.description('Left out for local models, which have none.'))),
    platform: v.string(),
    inputs: v.pipe(
      v.array(tensorMetadata),
      v.description('A name that stands for a model of each task takes one of them at a time.'),
    ),
    outputs: v.array(tensorMetadata),
  }),
  v.title('ModelMetadata'),
);

export const LiveSchema = v.pipe(v.object({ live: v.boolean() }), v.title('ServerLive'));
export const ReadySchema = v.pipe(v.object({ ready: v.boolean() }), v.title('ServerReady'));
export const ModelReadySchema = v.pipe(v.object({ name: v.string(), ready: v.boolean() }), v.title('ModelReady'));

const tensor = {
  name: v.string(),
  shape: v.pipe(sizes, v.description('[n] or [n, 1]')),
  datatype: v.string(),
  parameters: v.optional(ParametersSchema),
  data: v.optional(v.array(v.unknown())),
};

/** As it is documented; `parseInferRequest` checks. */
export const InferRequestDocumentSchema = v.pipe(
  v.object({
    id: v.optional(v.string()),
    parameters: v.optional(
      v.pipe(
        ParametersSchema,
        v.description('Of pictures top_k and function_to_apply; of texts min_length, num_beams and so on.'),
      ),
    ),
    inputs: v.pipe(
      v.array(v.pipe(v.object(tensor), v.title('InferInputTensor'))),
      v.description('One tensor: `image`, pictures in base64, or `text`, both of BYTES.'),
    ),
    outputs: v.optional(
      v.array(v.pipe(v.object({ name: v.string(), parameters: v.optional(ParametersSchema) }), v.title('InferRequestedOutput'))),
    ),
  }),
  v.title('InferRequest'),
);

export const InferResponseSchema = v.pipe(
  v.object({
    model_name: v.string(),
    model_version: v.optional(v.string()),
    id: v.optional(v.string()),
    outputs: v.array(v.pipe(v.object({ ...tensor, shape: sizes }), v.title('InferOutputTensor'))),
  }),
  v.title('InferResponse'),
);

export const OpenInferenceErrorSchema = v.pipe(v.object({ error: v.string() }), v.title('OpenInferenceError'));
