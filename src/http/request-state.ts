import type { Context } from 'koa';

/** What the middlewares and the route of one request tell each other, in the context's `state`. */
export interface RequestState {
  /** Set for every request. */
  requestId?: string;
  /** The path of the route that matched. */
  route?: string;
  /** The alias that the request was answered by. */
  model?: string;
  /** All of the answer was sent, though the response is held open for what the client still sends. */
  answered?: boolean;
  /** Of the engine's answer; milliseconds but for `steps`. */
  timings?: Readonly<Partial<Record<string, number>>>;
}

export function requestState(context: Context): RequestState {
  return context.state as RequestState;
}
