import * as v from 'valibot';
import { describeFailures } from '../describe-failures.ts';
import { jsonResponse } from '../json-response.ts';
import type { RouteDocumentation } from '../route.ts';
import {
  InferRequestDocumentSchema,
  InferResponseSchema,
  LiveSchema,
  ModelMetadataSchema,
  ModelPathSchema,
  ModelReadySchema,
  OpenInferenceErrorSchema,
  ReadySchema,
  ServerMetadataSchema,
  VersionPathSchema,
} from './open-inference-schemas.ts';

const tag = 'Open Inference Protocol';
const NOT_FOUND = 'No model of that name is offered, or not in that version';
const BYTES = v.pipe(v.string(), v.metadata({ contentMediaType: 'application/octet-stream' }));

function answers(schema: v.GenericSchema, otherwise: RouteDocumentation['responses'] = {}): RouteDocumentation['responses'] {
  return { 200: jsonResponse('Success.', schema), ...otherwise };
}

const failures = (descriptions: Readonly<Record<number, string>>) => describeFailures(OpenInferenceErrorSchema, descriptions);

const MODEL: RouteDocumentation = {
  operationId: 'oip_model_metadata',
  summary: 'What a model takes and gives',
  description: 'Its tensors, and its versions: its commit on the Hub. Loads and fetches nothing.',
  tag,
  path: ModelPathSchema,
  responses: answers(
    ModelMetadataSchema,
    failures({ 404: NOT_FOUND, 503: 'What it is for is not known before its files are here' }),
  ),
};

const MODEL_READY: RouteDocumentation = {
  operationId: 'oip_model_ready',
  summary: 'Whether a model can be asked',
  description: 'It can if its files are here: a model that is not in memory is loaded by the next request.',
  tag,
  path: ModelPathSchema,
  responses: answers(ModelReadySchema, {
    503: jsonResponse('Not now.', ModelReadySchema),
    ...failures({ 404: NOT_FOUND }),
  }),
};

const INFER: RouteDocumentation = {
  operationId: 'oip_infer',
  summary: 'Ask a model',
  description:
    'One tensor of pictures or texts, a row for each; all are answered or none. With the header Inference-Header-Content-Length the ' +
    'JSON has that length, and tensors with `binary_data_size` follow it; outputs with `binary_data` are sent so too.',
  tag,
  path: ModelPathSchema,
  body: { 'application/json': InferRequestDocumentSchema, 'application/octet-stream': BYTES },
  responses: answers(
    InferResponseSchema,
    failures({
      400: 'The request does not fit the protocol or the model, or an input cannot be used',
      404: NOT_FOUND,
      413: 'More than the limit that the answer names',
      422: 'The model cannot do what the parameters ask for',
      429: 'Too much is waiting; Retry-After says when to ask again',
      503: 'The model cannot answer at the moment; Retry-After says when to ask again',
    }),
  ),
};

/** The same under a version's path. */
function ofVersion(documentation: RouteDocumentation): RouteDocumentation {
  const { operationId, summary } = documentation;
  return {
    ...documentation,
    operationId: `${operationId}_version`,
    summary: `${summary}, by its version`,
    path: VersionPathSchema,
  };
}

export const DOCUMENTED = {
  server: {
    operationId: 'oip_server_metadata',
    summary: 'What this server is',
    description: 'Its name, its version, and the extensions of the protocol that it knows.',
    tag,
    responses: answers(ServerMetadataSchema),
  },
  live: {
    operationId: 'oip_server_live',
    summary: 'Whether the process serves, for KServe',
    description: 'As /livez.',
    tag,
    responses: answers(LiveSchema),
  },
  ready: {
    operationId: 'oip_server_ready',
    summary: 'Whether requests are welcome, for KServe',
    description: 'As /readyz.',
    tag,
    responses: answers(ReadySchema, {
      503: jsonResponse('Not now.', ReadySchema),
    }),
  },
  model: MODEL,
  modelVersion: ofVersion(MODEL),
  modelReady: MODEL_READY,
  modelVersionReady: ofVersion(MODEL_READY),
  infer: INFER,
  inferVersion: ofVersion(INFER),
} as const satisfies Readonly<Record<string, RouteDocumentation>>;
