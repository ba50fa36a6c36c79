import * as v from 'valibot';
import { describeFailures } from '../describe-failures.ts';
import { AliasPathSchema } from '../hugging-face/hugging-face-schemas.ts';
import { jsonResponse } from '../json-response.ts';
import type { RouteDocumentation } from '../route.ts';
import {
  EngineClassificationSchema,
  EngineClassifyQuerySchema,
  EngineErrorSchema,
  EngineModelsSchema,
  EngineSummarizeSchema,
  EngineSummarySchema,
  EngineUnloadSchema,
} from './engine-schemas.ts';

const TAG = 'Engine';

const PictureSchema = v.pipe(v.string(), v.metadata({ contentMediaType: 'application/octet-stream' }));

const FAILURES = describeFailures(EngineErrorSchema, {
  400: 'The input cannot be used, or the model is for something else',
  404: 'No model of that name is offered',
  413: 'The input is larger than the limit that the answer names',
  415: 'A body of another kind',
  422: 'Values that do not fit',
  429: 'Too much is waiting; Retry-After says when to ask again',
  503: 'The model cannot answer at the moment; Retry-After says when to ask again',
});

export const MODELS: RouteDocumentation = {
  operationId: 'engine_models',
  summary: 'The models in use, as they are now',
  description: 'Those that were asked for since the server was started, with their queue and memory. Loads nothing.',
  tag: TAG,
  responses: { 200: jsonResponse('All of them.', EngineModelsSchema) },
};

export const CLASSIFY: RouteDocumentation = {
  operationId: 'engine_classify',
  summary: 'Name what is in a picture, with all that is known of the answer',
  description:
    'The bytes of a picture, which stands upright first. As `classify --json` of the command line, which asks this with --server.',
  tag: TAG,
  path: AliasPathSchema,
  query: EngineClassifyQuerySchema,
  body: { 'application/octet-stream': PictureSchema, 'image/*': PictureSchema },
  responses: { 200: jsonResponse('The answer.', EngineClassificationSchema), ...FAILURES },
};

export const SUMMARIZE: RouteDocumentation = {
  operationId: 'engine_summarize',
  summary: 'Summarize a text, with all that is known of the answer',
  description: 'As `summarize --json` of the command line, which asks this with --server.',
  tag: TAG,
  path: AliasPathSchema,
  body: { 'application/json': EngineSummarizeSchema },
  responses: { 200: jsonResponse('The answer.', EngineSummarySchema), ...FAILURES },
};

export const UNLOAD: RouteDocumentation = {
  operationId: 'engine_unload',
  summary: 'Unload a model from memory',
  description: 'As soon as what it works on is done. Its files stay, and its next request loads it again.',
  tag: TAG,
  path: AliasPathSchema,
  body: { 'application/json': EngineUnloadSchema },
  responses: {
    200: jsonResponse('It is unloaded.', v.pipe(v.object({}), v.title('EngineUnloaded'))),
    ...describeFailures(EngineErrorSchema, { 404: 'No model of that name is offered', 415: 'A body that is not JSON' }),
  },
};
