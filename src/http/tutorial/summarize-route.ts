import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { isBlank } from '../../python-white-space.ts';
import { DEFAULT_IMAGE_CLASSIFIER, type SummarizeOptions, type SummaryResult } from '../../schemas.ts';
import { snakeCaseKeys } from '../../snake-case.ts';
import { answerJson } from '../answer-json.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import { readTextBody } from '../body/text-body.ts';
import { clientSignal } from '../client-signal.ts';
import { wantsEvents } from '../events/wants-events.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { Refusal, refuseValues } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import { EMPTY_TEXT, HALF_CHARACTER, hasHalfCharacter } from '../text-faults.ts';
import { answerSummaryEvents } from './summary-events.ts';
import { describeImpossibleLength, toSummarizeOptions } from './summary-lengths.ts';
import { SummarizeQuerySchema, type SummarySchema } from './tutorial-schemas.ts';

type SummarizeQuery = v.InferOutput<typeof SummarizeQuerySchema>;

/** What the text route works with. */
export interface SummarizeParts {
  readonly engine: Pick<Engine, 'summarize'>;
  readonly heldBytes: HeldBytes;
  /** The names of models that a request may use. */
  readonly aliases: readonly string[];
  readonly pingIntervalMs: number;
}

/** Answers with the summary of a text, or with events of how it is made where these are asked for. What is wrong is told in the original's order: the values, the text, the model, its lengths. */
export async function answerSummary(context: Context, parts: SummarizeParts): Promise<void> {
  const { engine, heldBytes, aliases, pingIntervalMs } = parts;
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  try {
    const body = await readTextBody(context.req, hold);
    const { values, issues } = readQueryValues(SummarizeQuerySchema, queryOf(context.req));
    throwIssues('issue' in body ? [...issues, body.issue] : issues);
    const text = 'value' in body ? body.value : '';
    checkInput(text, values.model, aliases);
    const state = requestState(context);
    state.model = values.model;
    const ask = async (listeners: Pick<SummarizeOptions, 'onProgress' | 'onText'> = {}) => {
      const answer = await summarize(engine, text, values, { ...listeners, signal });
      state.timings = answer.timings;
      return answer;
    };
    const describeAll = (answer: SummaryResult) => describeSummary(answer, values.model);
    if (wantsEvents(context.get('Accept'))) {
      await answerSummaryEvents(context, { pingIntervalMs, summarize: ask, describe: describeAll });
      return;
    }
    const answer = await ask();
    answerJson(context, 200, values.verbose ? describeAll(answer) : describeBriefly(answer));
  } finally {
    hold.release();
  }
}

function checkInput(text: string, model: string, aliases: readonly string[]): void {
  if (isBlank(text)) throw new Refusal(400, EMPTY_TEXT);
  checkModel(model, aliases);
  if (hasHalfCharacter(text)) throw new Refusal(400, HALF_CHARACTER);
}

/** @throws Refusal 400 for what is no model of texts that a request may use */
export function checkModel(model: string, aliases: readonly string[]): void {
  if (model === DEFAULT_IMAGE_CLASSIFIER || !aliases.includes(model)) throw new Refusal(400, 'Invalid model specified.');
}

async function summarize(
  engine: SummarizeParts['engine'],
  text: string,
  query: SummarizeQuery,
  following: Pick<SummarizeOptions, 'signal' | 'onProgress' | 'onText'>,
): Promise<SummaryResult> {
  const options = toSummarizeOptions(query);
  try {
    return await engine.summarize(text, { ...options, ...following });
  } catch (error) {
    throw explainImpossible(error, query);
  }
}

/** The engine's error, or what of the query is its cause. */
export function explainImpossible(error: unknown, query: SummarizeQuery): unknown {
  const issue = describeImpossibleLength(query);
  const impossible = error instanceof OnnxPredictError && error.code === 'INVALID_ARGUMENT';
  return impossible && issue !== undefined ? refuseValues(issue) : error;
}

/** A summary as it is told without `verbose`. */
export function describeBriefly({ summary, unsupported }: SummaryResult): v.InferOutput<typeof SummarySchema> {
  return snakeCaseKeys({ summary, ...(unsupported === undefined ? {} : { unsupported }) }) as v.InferOutput<typeof SummarySchema>;
}

/** A summary as it is told with `verbose`. */
export function describeSummary(answer: SummaryResult, alias: string): v.InferOutput<typeof SummarySchema> {
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
