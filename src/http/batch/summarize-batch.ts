import type { Context } from 'koa';
import type { Engine } from '../../engine.ts';
import { OnnxPredictError } from '../../errors.ts';
import { answerEach } from '../../outcomes.ts';
import { answerJson } from '../answer-json.ts';
import type { HeldBytes } from '../body/held-bytes.ts';
import { readTextsBody } from '../body/text-body.ts';
import { clientSignal } from '../client-signal.ts';
import { readQueryValues, throwIssues } from '../query-values.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { queryOf } from '../request-target.ts';
import type { ServerSettings } from '../server-settings.ts';
import { findTextFault } from '../text-faults.ts';
import { checkModel, describeBriefly, describeSummary, explainImpossible } from '../tutorial/summarize-route.ts';
import { toSummarizeOptions } from '../tutorial/summary-lengths.ts';
import { SummarizeQuerySchema } from '../tutorial/tutorial-schemas.ts';
import { toResults } from './batch-results.ts';

export interface SummarizeBatchParts {
  readonly engine: Pick<Engine, 'summarizeAll'>;
  readonly heldBytes: HeldBytes;
  readonly settings: Pick<ServerSettings, 'aliases' | 'maxBatchItems'>;
}

/** Answers with the summary of each of several texts, which are made together. */
export async function answerSummaryBatch(
  context: Context,
  { engine, heldBytes, settings: { aliases, maxBatchItems } }: SummarizeBatchParts,
): Promise<void> {
  const signal = clientSignal(context.res);
  const hold = heldBytes.hold();
  try {
    const body = await readTextsBody(context.req, hold);
    const query = readQueryValues(SummarizeQuerySchema, queryOf(context.req));
    throwIssues('issue' in body ? [...query.issues, body.issue] : query.issues);
    const texts = 'value' in body ? body.value : [];
    if (texts.length > maxBatchItems) throw new Refusal(413, `More than ${maxBatchItems} texts, the limit of this server.`);
    const { model, verbose } = query.values;
    checkModel(model, aliases);
    requestState(context).model = model;
    const options = { ...toSummarizeOptions(query.values), signal };
    const outcomes = await answerEach(texts, checkText, (checked) => engine.summarizeAll(checked, options));
    for (const outcome of outcomes) {
      const explained = 'error' in outcome ? explainImpossible(outcome.error, query.values) : undefined;
      // The query is every text's.
      if (explained instanceof Refusal) throw explained;
    }
    const results = toResults(context, outcomes, (answer) => {
      return verbose ? describeSummary(answer, model) : describeBriefly(answer);
    });
    answerJson(context, 200, { results });
  } finally {
    hold.release();
  }
}

function checkText(text: string): string {
  const fault = findTextFault(text);
  if (fault !== undefined) throw new OnnxPredictError('TEXT_INVALID', fault);
  return text;
}
