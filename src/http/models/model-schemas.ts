import * as v from 'valibot';
import { DtypeSchema, TaskSchema } from '../../schemas.ts';

const count = v.pipe(v.number(), v.integer());
const limit = v.nullable(v.number());

const OfferedTaskSchema = v.pipe(
  v.object({
    task: TaskSchema,
    repository: v.pipe(v.nullable(v.string()), v.description('On the Hugging Face Hub; null for local models.')),
    revision: v.pipe(
      v.nullable(v.string()),
      v.description('The commit in use, or that would be; null for local models and what is not here.'),
    ),
    dtype: DtypeSchema,
    licence: v.nullable(v.string()),
    upstream: v.pipe(v.nullable(v.string()), v.description('The repository whose weights were converted.')),
    on_disk: v.pipe(v.boolean(), v.description('Otherwise the first request fetches it, if the server may.')),
    loaded: v.boolean(),
    state: v.pipe(
      v.picklist(['unloaded', 'loading', 'ready', 'failed']),
      v.description('An unloaded model is loaded by its next request.'),
    ),
    max_input_tokens: v.pipe(v.nullable(count), v.description('What is read of a text; null if not known, and for pictures.')),
  }),
  v.title('OfferedTask'),
);

export const ModelInfoSchema = v.pipe(
  v.object({
    id: v.pipe(v.string(), v.description('The name by which requests use it.')),
    tasks: v.pipe(v.array(OfferedTaskSchema), v.description('Empty if that is not known before its files are here.')),
    limits: v.pipe(
      v.object({
        max_upload_bytes: count,
        max_pixels: count,
        max_text_length: v.pipe(count, v.description('In UTF-16 code units.')),
        max_batch_items: count,
        max_batch_bytes: count,
        queue: v.pipe(
          v.object({ max_cost: limit, max_bytes: limit, max_wait_ms: limit }),
          v.title('QueueLimits'),
          v.description('Of what waits for all models together; null: no limit.'),
        ),
      }),
      v.title('ModelLimits'),
    ),
  }),
  v.title('ModelInfo'),
);

export const ModelListSchema = v.pipe(v.object({ models: v.array(ModelInfoSchema) }), v.title('ModelList'));
