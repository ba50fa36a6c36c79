import type { Context } from 'koa';
import type * as v from 'valibot';
import type { Engine } from '../../engine.ts';
import { answerJson } from '../answer-json.ts';
import { toGenerationOptions } from '../generation-parameters.ts';
import { Refusal } from '../refusal.ts';
import { requestState } from '../request-state.ts';
import { findTextFault } from '../text-faults.ts';
import { cleanUpSpaces } from './clean-up-spaces.ts';
import type { TextParametersSchema } from './hugging-face-schemas.ts';

interface TextsRequest {
  readonly engine: Pick<Engine, 'summarizeAll'>;
  readonly alias: string;
  readonly texts: readonly string[];
  readonly parameters: v.InferOutput<typeof TextParametersSchema>;
  readonly signal: AbortSignal;
}

/** Answers with the summaries of texts, which are made together; one that cannot be made fails all, as in transformers' pipeline. */
export async function answerTexts(context: Context, { engine, alias, texts, parameters, signal }: TextsRequest): Promise<void> {
  for (const [i, text] of texts.entries()) {
    const fault = findTextFault(text);
    if (fault !== undefined) throw new Refusal(400, texts.length === 1 ? `inputs: ${fault}` : `inputs.${i}: ${fault}`);
  }
  const { clean_up_tokenization_spaces: cleans, truncation, generate_parameters: nested, ...flat } = parameters;
  const options = toGenerationOptions({ ...nested, ...flat });
  const truncate = truncation === false || truncation === 'do_not_truncate' ? 'error' : 'end';
  const outcomes = await engine.summarizeAll(texts, { ...options, model: alias, truncate, signal });
  const answers = outcomes.map((outcome) => {
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  });
  if (answers.length === 1) requestState(context).timings = answers[0]!.timings;
  answerJson(
    context,
    200,
    answers.map(({ summary }) => ({ summary_text: cleans === true ? cleanUpSpaces(summary) : summary })),
  );
}
