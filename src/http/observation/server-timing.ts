import type { Middleware } from 'koa';
import { type RequestState, requestState } from '../request-state.ts';

/** The engine's timings by the names that they have in the header, in the order in which things happen. */
const METRICS = {
  loadMs: 'load',
  queueMs: 'queue',
  preprocessMs: 'preprocess',
  inferenceMs: 'inference',
  tokenizeMs: 'tokenize',
  encodeMs: 'encode',
  decodeMs: 'decode',
} as const;

/** Says in the `Server-Timing` header what an answer's time was spent on. */
export function reportServerTiming(nowMs: () => number = () => performance.now()): Middleware {
  return async (context, next) => {
    const startMs = nowMs();
    await next();
    context.set('Server-Timing', formatServerTiming(requestState(context).timings ?? {}, nowMs() - startMs));
  };
}

/** As in https://www.w3.org/TR/server-timing/; milliseconds. */
export function formatServerTiming(timings: NonNullable<RequestState['timings']>, totalMs: number): string {
  const parts = Object.entries(METRICS).flatMap(([key, name]) => {
    const value = timings[key];
    return value === undefined ? [] : [formatMetric(name, value)];
  });
  return [...parts, formatMetric('total', totalMs)].join(', ');
}

function formatMetric(name: string, durationMs: number): string {
  return `${name};dur=${Math.round(durationMs * 10) / 10}`;
}
