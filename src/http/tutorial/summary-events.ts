import type { Context } from 'koa';
import { OnnxPredictError } from '../../errors.ts';
import type { SummarizeEvent, SummarizeOptions, SummaryResult } from '../../schemas.ts';
import { createEventStream } from '../events/event-stream.ts';
import { toProblem } from '../problem.ts';
import { ClientGone } from '../refusal.ts';

/** How far a summary is, as a `progress` event tells it. */
interface SummaryProgress {
  readonly state: 'queued' | 'loading' | 'running';
  /** 1 is the next one; null where nothing is waited for but the model's files. */
  readonly place: number | null;
  readonly output_tokens: number;
  readonly max_length: number | null;
}

interface SummaryEventsOptions {
  readonly pingIntervalMs: number;
  /** Makes the summary. */
  readonly summarize: (listeners: Pick<SummarizeOptions, 'onProgress' | 'onText'>) => Promise<SummaryResult>;
  /** The body of an answer that tells everything. */
  readonly describe: (answer: SummaryResult) => object;
}

/**
 * Answers with the summary as it is made: `progress`, `text` and, in the end, `end` or `error`.
 * @throws what is thrown before the first event, which can still be an answer of its own; ClientGone
 */
export async function answerSummaryEvents(context: Context, options: SummaryEventsOptions): Promise<void> {
  const stream = createEventStream(context, options);
  try {
    const answer = await options.summarize({
      onProgress(event) {
        const progress = toProgress(event);
        if (progress !== undefined) stream.update('progress', progress);
      },
      onText: (part) => stream.append('text', part),
    });
    await stream.end('end', options.describe(answer));
  } catch (error) {
    if (error instanceof ClientGone || !stream.opened) throw error;
    const failure = describeFailure(error);
    // The operator hears of it as of any other failure on this side.
    if (failure.status >= 500) context.app.emit('error', error, context);
    await stream.end('error', failure);
  } finally {
    stream.close();
  }
}

function toProgress(event: SummarizeEvent): SummaryProgress | undefined {
  switch (event.type) {
    case 'state':
      return { state: event.state, place: event.place, output_tokens: 0, max_length: null };
    case 'tokens':
      return { state: 'running', place: null, output_tokens: event.outputTokens, max_length: event.maxLength };
    case 'start':
      return { state: 'loading', place: null, output_tokens: 0, max_length: null };
    default:
      return undefined;
  }
}

function describeFailure(error: unknown) {
  const { status, detail, headers } = toProblem(error);
  const retryAfter = headers['Retry-After'];
  return {
    status,
    ...(error instanceof OnnxPredictError ? { code: error.code } : {}),
    detail,
    ...(retryAfter === undefined ? {} : { retry_after: Number(retryAfter) }),
  };
}
