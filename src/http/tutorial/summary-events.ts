import type { Context } from 'koa';
import { OnnxPredictError } from '../../errors.ts';
import type { SummarizeOptions, SummaryResult } from '../../schemas.ts';
import { describeProgress } from '../../summary-progress.ts';
import { createEventStream } from '../events/event-stream.ts';
import { toProblem } from '../problem.ts';
import { ClientGone } from '../refusal.ts';

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
        const progress = describeProgress(event);
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
