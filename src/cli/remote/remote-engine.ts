import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { inputFailure } from '../../input-failure.ts';
import {
  type ClassificationResult,
  type ClassifyOptions,
  DEFAULT_IMAGE_CLASSIFIER,
  DEFAULT_SUMMARIZER,
  DtypeSchema,
  type GenerationOptions,
  type SummarizeOptions,
  type SummaryResult,
} from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { camelCaseKeys } from './camel-case.ts';
import type { ServerConnection } from './server-connection.ts';

/** What of an engine a server stands in for. */
export type AnsweringEngine = Pick<Engine, 'classify' | 'summarize' | 'close'>;

/** By what the server means with a status alone. */
const CODES = { 400: 'INVALID_ARGUMENT', 404: 'MODEL_UNKNOWN', 422: 'INVALID_ARGUMENT', 429: 'QUEUE_FULL' } as const;

const model = v.object({ id: v.string(), revision: v.nullable(v.string()), dtype: DtypeSchema });
const timings = v.record(v.string(), v.number());

const ClassificationSchema = v.object({
  classLabel: v.nullable(v.string()),
  score: v.number(),
  top: v.array(v.object({ label: v.string(), score: v.number(), index: v.number() })),
  model,
  timings,
});

const SummarySchema = v.object({
  summary: v.string(),
  outputIds: v.array(v.number()),
  score: v.nullable(v.number()),
  inputTokens: v.number(),
  droppedTokens: v.number(),
  truncated: v.boolean(),
  outputTokens: v.number(),
  model,
  timings,
});

/** An engine whose models are in a server that runs elsewhere: the answers are its answers. */
export function createRemoteEngine(server: ServerConnection): AnsweringEngine {
  return {
    async classify(image, { model: alias = DEFAULT_IMAGE_CLASSIFIER, signal, ...options } = {}) {
      const content =
        image instanceof Uint8Array
          ? image
          : await readFile(image, { signal }).catch((error: unknown) => {
              signal?.throwIfAborted();
              throw inputFailure(error, String(image));
            });
      const answer = await server.ask(`${pathOf(alias)}/classify${toQuery(options)}`, {
        body: { type: 'application/octet-stream', content },
        signal,
        codes: { ...CODES, 413: 'IMAGE_TOO_LARGE', 408: 'INPUT_UNREADABLE' },
      });
      return checkAnswer(ClassificationSchema, answer, server) as ClassificationResult;
    },
    async summarize(text, { model: alias = DEFAULT_SUMMARIZER, signal, ...options } = {}) {
      const answer = await server.ask(`${pathOf(alias)}/summarize`, {
        body: { type: 'application/json', content: JSON.stringify({ text, ...toBody(options) }) },
        signal,
        codes: { ...CODES, 413: 'TEXT_TOO_LONG', 408: 'INPUT_UNREADABLE' },
      });
      return checkAnswer(SummarySchema, answer, server) as SummaryResult;
    },
    async close() {},
  };
}

const pathOf = (alias: string) => `/engine/${encodeURIComponent(alias)}`;

function toQuery({ topK, activation, minConfidence }: ClassifyOptions): string {
  const query = new URLSearchParams();
  if (topK !== undefined) query.set('top', String(topK));
  if (activation !== undefined) query.set('activation', activation);
  if (minConfidence !== undefined) query.set('min_confidence', String(minConfidence));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** What a server takes of the options: which model, and in what dtype, is for the server to say. */
function toBody({
  defaults,
  truncate,
  check,
  onProgress: _,
  onText: _text,
  dtype: _dtype,
  revision: _revision,
  ...generation
}: SummarizeOptions): object {
  const rules = (options: GenerationOptions) => snakeCaseKeys(options) as object;
  return { ...rules(generation), truncate, check, ...(defaults === undefined ? {} : { defaults: rules(defaults) }) };
}

/** The answer as it came, in the order in which it came. */
function checkAnswer(schema: v.GenericSchema, answer: unknown, { url }: ServerConnection): unknown {
  const camelCased = camelCaseKeys(answer);
  if (v.is(schema, camelCased)) return camelCased;
  const message = `The server ${url} answers with what this version does not understand. Are both of one version?`;
  throw new OnnxPredictError('MODEL_NOT_AVAILABLE', message);
}
