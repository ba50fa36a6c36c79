import * as v from 'valibot';
import { ActivationSchema, DtypeSchema, TaskSchema, TruncateSchema } from '../../schemas.ts';
import { generationParameters } from '../generation-parameters.ts';

/** What a request may ask of a picture. */
export const EngineClassifyQuerySchema = v.object({
  top: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000), v.description('How many labels; 5.'))),
  activation: v.optional(v.pipe(ActivationSchema, v.description('What makes scores of logits; softmax.'))),
  min_confidence: v.optional(v.pipe(v.number(), v.description('Below this score the label is null.'))),
});

/** What a request may ask of a text. */
export const EngineSummarizeSchema = v.pipe(
  v.strictObject({
    text: v.string('must be a string'),
    ...generationParameters,
    truncate: v.nullish(TruncateSchema),
    check: v.nullish(v.boolean('must be true or false')),
    defaults: v.pipe(
      v.nullish(v.strictObject(generationParameters)),
      v.description('Rules that win over the model’s configuration, and give way where they are impossible.'),
    ),
  }),
  v.title('EngineSummarizeRequest'),
);

/** Nothing is said beside the name; that it is JSON keeps pages of other sites out. */
export const EngineUnloadSchema = v.pipe(v.strictObject({}), v.title('EngineUnloadRequest'));

const count = v.pipe(v.number(), v.integer());
const model = v.pipe(
  v.object({ id: v.string(), revision: v.nullable(v.string()), dtype: DtypeSchema }),
  v.title('EngineModelIdentity'),
);
const timings = v.record(v.string(), v.number());

export const EngineClassificationSchema = v.pipe(
  v.object({
    class_label: v.nullable(v.string()),
    score: v.number(),
    top: v.array(v.object({ label: v.string(), score: v.number(), index: count })),
    model,
    timings,
  }),
  v.title('EngineClassification'),
);

export const EngineSummarySchema = v.pipe(
  v.looseObject({
    summary: v.string(),
    output_ids: v.array(count),
    score: v.nullable(v.number()),
    stop_reason: v.picklist(['eos', 'length']),
    input_tokens: count,
    dropped_tokens: count,
    truncated: v.boolean(),
    output_tokens: count,
    model,
    timings,
  }),
  v.title('EngineSummary'),
);

const EngineModelSchema = v.pipe(
  v.object({
    name: v.string(),
    task: TaskSchema,
    model,
    state: v.picklist(['unloaded', 'loading', 'ready', 'failed']),
    num_queued: count,
    num_active: count,
    memory_bytes: v.pipe(v.nullable(v.number()), v.description('Of its process; null while it has none.')),
  }),
  v.title('EngineModel'),
);

export const EngineModelsSchema = v.pipe(v.object({ models: v.array(EngineModelSchema) }), v.title('EngineModels'));

export const EngineErrorSchema = v.pipe(
  v.object({ error: v.object({ code: v.nullable(v.string()), message: v.string() }) }),
  v.title('EngineError'),
);
