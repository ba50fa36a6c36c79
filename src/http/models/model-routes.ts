import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { answerJson } from '../answer-json.ts';
import { describeFailures } from '../describe-failures.ts';
import { AliasPathSchema, InferenceErrorSchema } from '../hugging-face/hugging-face-schemas.ts';
import { INFERENCE } from '../hugging-face/inference-documentation.ts';
import { answerInference, type InferenceParts } from '../hugging-face/inference-route.ts';
import { jsonResponse } from '../json-response.ts';
import type { Route, RouteDocumentation } from '../route.ts';
import type { ServerSettings } from '../server-settings.ts';
import type { Catalogue, OfferedModel } from './catalogue.ts';
import { ModelInfoSchema, ModelListSchema } from './model-schemas.ts';

type ModelInfo = v.InferOutput<typeof ModelInfoSchema>;

/** What the routes work with. */
export interface ModelParts extends Omit<InferenceParts, 'maxItems'> {
  readonly engine: InferenceParts['engine'] & Pick<Engine, 'limits'>;
  readonly catalogue: Catalogue;
  readonly settings: Pick<ServerSettings, 'maxUploadBytes' | 'maxBatchItems' | 'maxBatchBytes'>;
}

/** What models there are, what is known of one, and Hugging Face's way to ask it. */
export function createModelRoutes(parts: ModelParts): readonly Route[] {
  const { catalogue, engine, settings } = parts;
  const limits = toLimits(engine.limits, settings);
  const describe = async (id: string): Promise<ModelInfo> => {
    return { id, tasks: (await catalogue.describe(id)).map(toTask), limits };
  };
  return [
    {
      method: 'GET',
      path: '/models',
      documentation: LIST,
      handle: async (context) => answerJson(context, 200, { models: await Promise.all(catalogue.aliases.map(describe)) }),
    },
    {
      method: 'GET',
      path: '/models/{alias}',
      documentation: INFO,
      handle: async (context, { alias }) => answerJson(context, 200, await describe(catalogue.checkAlias(alias))),
    },
    {
      method: 'POST',
      path: '/models/{alias}',
      documentation: INFERENCE,
      handle: (context, parameters) => answerInference(context, parameters, { ...parts, maxItems: settings.maxBatchItems }),
    },
  ];
}

function toTask(model: OfferedModel): ModelInfo['tasks'][number] {
  const { task, repository, revision, dtype, licence, upstream, state } = model;
  return {
    task,
    repository,
    revision,
    dtype,
    licence,
    upstream,
    on_disk: model.onDisk,
    loaded: state === 'ready',
    state,
    max_input_tokens: model.maxInputTokens,
  };
}

function toLimits({ maxPixels, maxTextLength, queue }: Engine['limits'], settings: ModelParts['settings']): ModelInfo['limits'] {
  return {
    max_upload_bytes: settings.maxUploadBytes,
    max_pixels: maxPixels,
    max_text_length: maxTextLength,
    max_batch_items: settings.maxBatchItems,
    max_batch_bytes: settings.maxBatchBytes,
    queue: { max_cost: queue.maxCost, max_bytes: queue.maxBytes, max_wait_ms: queue.maxWaitMs },
  };
}

const TAG = 'Models';

const LIST: RouteDocumentation = {
  operationId: 'models_list',
  summary: 'The models that requests may use',
  description: 'By the names that the operator gave them, with what is known of each. Loads and fetches nothing.',
  tag: TAG,
  responses: { 200: jsonResponse('All of them.', ModelListSchema) },
};

const INFO: RouteDocumentation = {
  operationId: 'models_info',
  summary: 'What is known of a model',
  description: 'What it is for, where it comes from, its limits, and whether it is loaded. Loads and fetches nothing.',
  tag: TAG,
  path: AliasPathSchema,
  responses: {
    200: jsonResponse('All of it.', ModelInfoSchema),
    ...describeFailures(InferenceErrorSchema, { 404: 'No model of that name is offered' }),
  },
};
