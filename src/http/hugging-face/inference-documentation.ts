import * as v from 'valibot';
import { describeFailures } from '../describe-failures.ts';
import { jsonResponse } from '../json-response.ts';
import type { RouteDocumentation } from '../route.ts';
import {
  AliasPathSchema,
  ImageQuerySchema,
  InferenceAnswerSchema,
  InferenceErrorSchema,
  InferenceRequestSchema,
} from './hugging-face-schemas.ts';

const PictureSchema = v.pipe(v.string(), v.metadata({ contentMediaType: 'application/octet-stream' }));

export const INFERENCE: RouteDocumentation = {
  operationId: 'inference',
  summary: 'Ask a model as Hugging Face’s Inference API',
  description:
    'For clients of that API, as @huggingface/inference with `endpointUrl`. The bytes of a picture, or JSON with a text, several texts, ' +
    'or a picture in base64. A name that stands for a model of each task goes by what is sent. Never answered with 503, at which ' +
    'that client asks again without a pause: what would be busy is 429 with Retry-After.',
  tag: 'Hugging Face',
  path: AliasPathSchema,
  query: ImageQuerySchema,
  body: {
    'application/json': InferenceRequestSchema,
    'image/*': PictureSchema,
    'application/octet-stream': PictureSchema,
  },
  responses: {
    200: jsonResponse('The best labels of a picture, or the summaries of the texts.', InferenceAnswerSchema),
    ...describeFailures(InferenceErrorSchema, {
      400: 'The input cannot be used, or the model is for something else',
      404: 'No model of that name is offered',
      413: 'The input is larger than the limit that the answer names',
      415: 'The body is neither JSON nor a picture',
      422: 'Values that do not fit',
      429: 'Too much is waiting; Retry-After says when to ask again',
      500: 'The model cannot answer',
    }),
  },
};
