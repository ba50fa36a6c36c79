import { followRedirects, type HubAnswer, type HubRequest } from './follow-redirects.ts';
import type { HubConnection } from './hub-connection.ts';
import { connectionFailure, isTransientError, isTransientStatus, type RequestSubject, statusFailure } from './request-failure.ts';
import { createRetries, type Retries, retryAfterMs } from './retries.ts';
import { type StallGuard, watchForStalls } from './stall-guard.ts';

export interface HubRequestOptions extends Omit<HubRequest, 'signal'> {
  readonly signal: AbortSignal;
  readonly subject: RequestSubject;
  /** Statuses that are answers too, beside 2xx and 3xx. */
  readonly accept?: (status: number, errorCode: string | null) => boolean;
  /** Retries that go on from earlier requests of the same work. */
  readonly retries?: Retries;
  /** Everything is tried again, also what the first request of all would take for a wrong address. */
  readonly persistent?: boolean;
}

/** An answer whose body is still to be read. */
export interface OpenAnswer extends HubAnswer {
  /** Ends the request when the body falls silent; to be told of each piece of the body, and to be closed. */
  readonly guard: StallGuard;
}

/**
 * Asks the Hub, again and again where that may help: on 429 and 5xx and when the connection breaks.
 * @throws OnnxPredictError of request-failure.ts; the signal's reason once it is aborted
 */
export async function requestHub(
  address: string,
  connection: HubConnection,
  { signal, subject, accept, retries: given, persistent = false, ...request }: HubRequestOptions,
): Promise<OpenAnswer> {
  const retries = given ?? createRetries({ ...connection, signal });
  for (;;) {
    signal.throwIfAborted();
    const guard = watchForStalls(connection.stallMs, signal);
    try {
      const answer = await followRedirects(address, { ...request, signal: guard.signal }, connection);
      const { response } = answer;
      const errorCode = answer.hubHeader('x-error-code');
      if (response.status < 400 || accept?.(response.status, errorCode) === true) return { ...answer, guard };
      const delayMs = retryAfterMs(response.headers.get('retry-after'), connection.clock.now());
      const details = { errorCode, retryAfterMs: delayMs, authenticated: connection.token !== null };
      const failure = statusFailure(response.status, details, subject);
      await response.body?.cancel().catch(() => {});
      guard.close();
      if (!isTransientStatus(response.status)) throw failure;
      await retries.pause(failure, delayMs);
    } catch (error) {
      guard.close();
      signal.throwIfAborted();
      const failure = connectionFailure(error, subject);
      if (failure === error || !(persistent || isTransientError(error))) throw failure;
      await retries.pause(failure);
    }
  }
}
