import type { Context } from 'koa';

/** What the middlewares and the route of one request tell each other, in the context's `state`. */
export interface RequestState {
  /** Set for every request. */
  requestId?: string;
  /** Set for every request: the address of who sent it, and how. */
  client?: string;
  scheme?: 'http' | 'https';
  /** The name of the API key, where keys are asked for. */
  key?: string;
  /** Of the trace that the request is part of. */
  traceId?: string;
  /** What is asked for, without the path that a proxy puts before it. */
  path?: string;
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
