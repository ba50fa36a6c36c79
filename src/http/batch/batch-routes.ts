import * as v from 'valibot';
import { describeFailures } from '../describe-failures.ts';
import { jsonResponse } from '../json-response.ts';
import type { Route, RouteDocumentation } from '../route.ts';
import {
  ClassificationSchema,
  ClassifyQuerySchema,
  ErrorSchema,
  SummarizeQuerySchema,
  SummarySchema,
  ValidationErrorSchema,
} from '../tutorial/tutorial-schemas.ts';
import { answerClassificationBatch, type ClassifyBatchParts } from './classify-batch.ts';
import { answerSummaryBatch, type SummarizeBatchParts } from './summarize-batch.ts';

/** What the routes work with. */
export type BatchParts = ClassifyBatchParts & SummarizeBatchParts;

/** Several pictures, or several texts, in one request. */
export function createBatchRoutes(parts: BatchParts): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/predict/batch/image_classes',
      documentation: CLASSIFY,
      handle: (context) => answerClassificationBatch(context, parts),
    },
    {
      method: 'POST',
      path: '/predict/batch/text_summarize',
      documentation: SUMMARIZE,
      handle: (context) => answerSummaryBatch(context, parts),
    },
  ];
}

const TAG = 'Batches';

const FailedItemSchema = v.pipe(
  v.object({
    error: v.object({
      code: v.pipe(v.string(), v.description('As IMAGE_INVALID: for programs.')),
      detail: v.pipe(v.string(), v.description('What went wrong, in one sentence.')),
    }),
  }),
  v.title('FailedItem'),
);

const results = (item: v.GenericSchema, title: string) =>
  v.pipe(v.object({ results: v.array(v.union([item, FailedItemSchema])) }), v.title(title));

const FAILURES: RouteDocumentation['responses'] = {
  ...describeFailures(ErrorSchema, {
    400: 'The body or the model cannot be used',
    413: 'More items or bytes than the limit that the answer names',
    429: 'Too much is waiting for all of them; Retry-After says when to ask again',
    503: 'The model cannot answer at the moment; Retry-After says when to ask again',
  }),
  ...describeFailures(ValidationErrorSchema, { 422: 'Validation Error' }),
};

const CLASSIFY: RouteDocumentation = {
  operationId: 'predict_batch_image_classes',
  summary: 'Name what is in several pictures',
  description:
    'Files that are all named `file`, answered in their order. One that cannot be answered is told of in its place and fails no other; ' +
    'all are taken in, or none.',
  tag: TAG,
  query: ClassifyQuerySchema,
  body: {
    'multipart/form-data': v.pipe(
      v.object({ file: v.array(v.pipe(v.string(), v.metadata({ contentMediaType: 'application/octet-stream' }))) }),
      v.title('ClassifyBatchForm'),
    ),
  },
  responses: {
    200: jsonResponse('One result for each file.', results(ClassificationSchema, 'ClassificationBatch')),
    ...FAILURES,
  },
};

const SUMMARIZE: RouteDocumentation = {
  operationId: 'predict_batch_text_summarize',
  summary: 'Summarize several texts',
  description:
    'Answered in their order, and worked on together. One that cannot be answered is told of in its place and fails no other; all are ' +
    'taken in, or none.',
  tag: TAG,
  query: SummarizeQuerySchema,
  body: {
    'application/json': v.pipe(
      v.object({ texts: v.pipe(v.array(v.string()), v.minLength(1), v.description('What to summarize.')) }),
      v.title('TextsRequest'),
    ),
  },
  responses: {
    200: jsonResponse('One result for each text.', results(SummarySchema, 'SummaryBatch')),
    ...FAILURES,
  },
};
