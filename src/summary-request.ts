import { OnnxPredictError } from './errors.ts';
import { MAX_TEXT_LENGTH } from './limits.ts';
import type { SummarizationAnswer, SummarizationRequest } from './protocol.ts';
import { isBlank } from './python-white-space.ts';
import {
  DEFAULT_SUMMARIZER,
  parseArgument,
  type SummarizeOptions,
  SummarizeOptionsSchema,
  type SummaryResult,
} from './schemas.ts';

/** Options that are data: all but the signal and the callbacks. */
type SummarizeData = Omit<SummarizeOptions, 'signal' | 'onProgress' | 'onText'>;

/**
 * Checks a text as a program gives it.
 * @throws OnnxPredictError INVALID_ARGUMENT, TEXT_TOO_LONG
 */
export function checkText(text: unknown): string {
  if (typeof text !== 'string') throw new OnnxPredictError('INVALID_ARGUMENT', `text: must be a string (got ${typeof text})`);
  if (text.length <= MAX_TEXT_LENGTH) return text;
  const problem = `The text has ${text.length} characters; at most ${MAX_TEXT_LENGTH} are read`;
  throw new OnnxPredictError('TEXT_TOO_LONG', `${problem}. Split it, and summarize its parts.`);
}

/**
 * What `summarize` was asked for: which model, and what goes to its runner with each text.
 * @throws OnnxPredictError INVALID_ARGUMENT naming the option; of a text INVALID_ARGUMENT, TEXT_TOO_LONG
 */
export function toSummarizationRequest(data: SummarizeData, withText: boolean) {
  const options = parseArgument(SummarizeOptionsSchema, data);
  const { model = DEFAULT_SUMMARIZER, dtype = 'fp32', revision, ...rest } = options;
  const { prefix, truncate = 'end', check = false, defaults = {}, ...generation } = rest;
  const request: Omit<SummarizationRequest, 'text'> = {
    task: 'summarization',
    prefix: prefix === null ? '' : prefix,
    truncate: truncate === 'error' ? 'error' : 'end',
    generation,
    defaults,
    withText,
  };
  return {
    wanted: { task: 'summarization', name: model, dtype, revision } as const,
    inParts: truncate === 'chunk',
    check,
    toRequest: (text: unknown): SummarizationRequest => ({ ...request, text: checkNotBlank(text) }),
  };
}

function checkNotBlank(text: unknown): string {
  const checked = checkText(text);
  if (!isBlank(checked)) return checked;
  throw new OnnxPredictError('INVALID_ARGUMENT', 'text: must not be empty; there is nothing to summarize');
}

/** A runner's answer as a program gets it. */
export function toSummaryResult(
  { inputTokens, droppedTokens, sequences, timings }: SummarizationAnswer,
  { model, loadMs, queueMs }: { readonly model: SummaryResult['model']; readonly loadMs: number; readonly queueMs: number },
): SummaryResult {
  const { summary, outputIds, score, stopReason } = sequences[0]!;
  return {
    summary,
    inputTokens,
    droppedTokens,
    truncated: droppedTokens > 0,
    outputTokens: outputIds.length,
    outputIds,
    score,
    stopReason,
    ...(sequences.length > 1 ? { sequences } : {}),
    model,
    timings: { loadMs, queueMs, ...timings },
  };
}
