import type { Engine } from '../../engine.ts';
import { createImageSpool, type ImageSpool } from '../../image-spool.ts';
import { answerJson } from '../answer-json.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import { jsonResponse } from '../json-response.ts';
import type { Route, RouteDocumentation } from '../route.ts';
import type { ServerSettings } from '../server-settings.ts';
import { answerClassification } from './classify-route.ts';
import { answerSummary } from './summarize-route.ts';
import {
  ClassificationSchema,
  ClassifyFormSchema,
  ClassifyQuerySchema,
  ErrorSchema,
  SummarizeQuerySchema,
  SummaryEventsSchema,
  SummarySchema,
  TextRequestSchema,
  ValidationErrorSchema,
  WelcomeSchema,
} from './tutorial-schemas.ts';

/** What the routes work with. */
export interface TutorialParts {
  readonly engine: Pick<Engine, 'classify' | 'summarize'>;
  readonly settings: Pick<ServerSettings, 'aliases' | 'maxUploadBytes' | 'pingIntervalMs'>;
  /** Counts what all requests hold. */
  readonly heldBytes: HeldBytes;
  /** Where uploads over 1 MB wait; whoever gives it closes it. Default: the system's temporary folder. */
  readonly spool?: ImageSpool;
}

/** The routes of the documented API. */
export function createTutorialRoutes({
  engine,
  settings,
  heldBytes,
  spool = createImageSpool(),
}: TutorialParts): readonly Route[] {
  const { aliases, maxUploadBytes, pingIntervalMs } = settings;
  const uploads = { spool, maxBytes: maxUploadBytes };
  return [
    {
      method: 'GET',
      path: '/',
      open: true,
      documentation: ROOT,
      handle: (context) => answerJson(context, 200, { message: 'Welcome to the ML Model API' }),
    },
    {
      method: 'POST',
      path: '/predict/image_classes',
      documentation: CLASSIFY,
      handle: (context) => answerClassification(context, { engine, uploads, heldBytes }),
    },
    {
      method: 'POST',
      path: '/predict/text_summarize',
      documentation: SUMMARIZE,
      handle: (context) => answerSummary(context, { engine, heldBytes, aliases, pingIntervalMs }),
    },
  ];
}

/** What generators of clients take for the group of operations that have none, as the original's had. */
const TAG = 'default';

const ROOT: RouteDocumentation = {
  operationId: 'root__get',
  summary: 'Root',
  description: 'A welcome message.',
  tag: TAG,
  responses: { 200: jsonResponse('Successful Response', WelcomeSchema) },
};

const FAILURES: RouteDocumentation['responses'] = {
  400: jsonResponse('The input cannot be used', ErrorSchema),
  413: jsonResponse('The input is larger than the limit that the answer names', ErrorSchema),
  422: jsonResponse('Validation Error', ValidationErrorSchema),
  429: jsonResponse('Too much is waiting; Retry-After says when to ask again', ErrorSchema),
  503: jsonResponse('The model cannot answer at the moment; Retry-After says when to ask again', ErrorSchema),
};

const CLASSIFY: RouteDocumentation = {
  operationId: 'predict_img_class_predict_image_classes_post',
  summary: 'Predict Img Class',
  description: 'Names what is in a picture: one of the 1000 classes of ImageNet.',
  tag: TAG,
  query: ClassifyQuerySchema,
  body: { 'multipart/form-data': ClassifyFormSchema },
  responses: { 200: jsonResponse('Successful Response', ClassificationSchema), ...FAILURES },
};

const SUMMARIZE: RouteDocumentation = {
  operationId: 'text_summarize_predict_text_summarize_post',
  summary: 'Text Summarize',
  description: 'Summarizes a text with the given model. With `Accept: text/event-stream` the summary comes as it is made.',
  tag: TAG,
  query: SummarizeQuerySchema,
  body: { 'application/json': TextRequestSchema },
  responses: { 200: { ...jsonResponse('Successful Response', SummarySchema), events: SummaryEventsSchema }, ...FAILURES },
};
