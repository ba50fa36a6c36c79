import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { isBlank } from '../../python-white-space.ts';
import { DEFAULT_IMAGE_CLASSIFIER, type SummaryResult } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { answerJson } from '../answer-json.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import { readTextBody } from '../body/text-body.ts';
import { clientSignal } from '../client-signal.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { Refusal, refuseValues } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { parseQuery, parseTarget } from '../request-target.ts';
import { describeImpossibleLength, toSummarizeOptions } from './summary-lengths.ts';
import { SummarizeQuerySchema, type SummarySchema } from './tutorial-schemas.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

type SummarizeQuery = v.InferOutput<typeof SummarizeQuerySchema>;

/** What the text route works with. */
export interface SummarizeParts {
  readonly engine: Pick<Engine, 'summarize'>;
  readonly heldBytes: HeldBytes;
  /** The names of models that a request may use. */
  readonly aliases: readonly string[];
}

/** Answers with the summary of a text. What is wrong is told in the original's order: the values, the text, the model, its lengths. */
export async function answerSummary(context: Context, { engine, heldBytes, aliases }: SummarizeParts): Promise<void> {
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  try {
    const body = await readTextBody(context.req, hold);
    const { values, issues } = readQueryValues(SummarizeQuerySchema, parseQuery(parseTarget(context.req.url ?? '').queryString));
    throwIssues('issue' in body ? [...issues, body.issue] : issues);
    const text = 'text' in body ? body.text : '';
    checkInput(text, values.model, aliases);
    const state = requestState(context);
    state.model = values.model;
    const answer = await summarize(engine, text, values, signal);
    state.timings = answer.timings;
    answerJson(context, 200, values.verbose ? describe(answer, values.model) : describeBriefly(answer));
  } finally {
    hold.release();
  }
}

function checkInput(text: string, model: string, aliases: readonly string[]): void {
  if (isBlank(text)) throw new Refusal(400, 'Text cannot be empty');
  if (model === DEFAULT_IMAGE_CLASSIFIER || !aliases.includes(model)) throw new Refusal(400, 'Invalid model specified.');
  if (LONE_SURROGATE.test(text)) throw new Refusal(400, 'Text holds half of a surrogate pair, which is no character.');
}

async function summarize(
  engine: SummarizeParts['engine'],
  text: string,
  query: SummarizeQuery,
  signal: AbortSignal,
): Promise<SummaryResult> {
  const options = toSummarizeOptions(query);
  try {
    const { model, truncate, check } = query;
    return await engine.summarize(text, { ...options, model, truncate, check, signal });
  } catch (error) {
    const issue = describeImpossibleLength(query);
    const impossible = error instanceof OnnxPredictError && error.code === 'INVALID_ARGUMENT';
    throw impossible && issue !== undefined ? refuseValues(issue) : error;
  }
}

function describeBriefly({ summary, unsupported }: SummaryResult): v.InferOutput<typeof SummarySchema> {
  return snakeCaseKeys({ summary, ...(unsupported === undefined ? {} : { unsupported }) }) as v.InferOutput<typeof SummarySchema>;
}

function describe(answer: SummaryResult, alias: string): v.InferOutput<typeof SummarySchema> {
  const { summary, score, inputTokens, droppedTokens, truncated, outputTokens, stopReason, model, timings } = answer;
  const { merge, parts, unsupported } = answer;
  return snakeCaseKeys({
    summary,
    score,
    inputTokens,
    droppedTokens,
    truncated,
    outputTokens,
    stopReason,
    ...(parts === undefined ? {} : { merge, parts: parts.map(({ outputIds: _, ...part }) => part) }),
    ...(unsupported === undefined ? {} : { unsupported }),
    model: { id: alias, revision: model.revision, dtype: model.dtype },
    timings,
  }) as v.InferOutput<typeof SummarySchema>;
}
