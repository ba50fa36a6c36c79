import type { IncomingMessage } from 'node:http';
import type { Context as Carrier, Span } from '@opentelemetry/api';
import type { Context, Middleware } from 'koa';
import { timedSteps } from '../observation/server-timing.ts';
import { requestState } from '../request-state.ts';
import type { OpenTelemetry } from './open-telemetry.ts';
import { formatTraceparent, parseTraceparent, type TraceParent } from './traceparent.ts';

export interface TraceOptions {
  /** Undefined: requests are part of their callers' traces, but no spans are made. */
  readonly openTelemetry: OpenTelemetry | undefined;
  /** Of this package. */
  readonly version: string;
  /** The status of what was answered past the application. */
  readonly statusPast: (request: IncomingMessage) => number | undefined;
}

const TRACEPARENT_HEADER = 'traceparent';
const CLIENT_LEFT = 499;
/** As https://opentelemetry.io/docs/specs/semconv/http/http-spans/ wants it: others are `_OTHER`. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** Takes part in the trace that a request names, and tells it in the answer: with a span where OpenTelemetry is set up. */
export function traceRequests({ openTelemetry, version, statusPast }: TraceOptions): Middleware {
  const tracer = openTelemetry?.trace.getTracer('onnx-predict', version);
  return async (context, next) => {
    const given = parseTraceparent(context.get(TRACEPARENT_HEADER));
    if (openTelemetry === undefined || tracer === undefined) return noteTrace(context, given, next);
    const { parent, kind } = findParent(openTelemetry, context, given);
    const span = tracer.startSpan(methodOf(context), { kind, attributes: requestAttributes(context) }, parent);
    const inSpan = openTelemetry.trace.setSpan(parent, span);
    let answeredAt: number | undefined;
    // Not where no SDK is set up, nor where it takes no sample of this request.
    if (span.isRecording()) {
      context.res.once('close', () => {
        const status = statusPast(context.req) ?? (context.res.writableFinished ? context.res.statusCode : CLIENT_LEFT);
        addSteps(openTelemetry, context, inSpan, answeredAt ?? Date.now());
        endSpan(openTelemetry, span, context, status);
      });
    }
    const trace = openTelemetry.trace.isSpanContextValid(span.spanContext()) ? span.spanContext() : given;
    await noteTrace(context, trace, () => openTelemetry.context.with(inSpan, next));
    // Of an answer that is still being written, the timings come later.
    if (requestState(context).timings !== undefined) answeredAt = Date.now();
  };

  function addSteps(api: OpenTelemetry, context: Context, parent: Carrier, endMs: number): void {
    const steps = timedSteps(requestState(context).timings ?? {});
    let atMs = endMs - steps.reduce((sum, [, durationMs]) => sum + durationMs, 0);
    for (const [name, durationMs] of steps) {
      const step = tracer!.startSpan(name, { kind: api.SpanKind.INTERNAL, startTime: atMs }, parent);
      atMs += durationMs;
      step.end(atMs);
    }
  }
}

async function noteTrace(context: Context, trace: TraceParent | undefined, next: () => Promise<unknown>): Promise<void> {
  if (trace !== undefined) {
    requestState(context).traceId = trace.traceId;
    context.set(TRACEPARENT_HEADER, formatTraceparent(trace));
  }
  await next();
}

/** Where the operator's SDK has made a span for the request already, it is that one's part; else that of what the caller names. */
function findParent(api: OpenTelemetry, context: Context, given: TraceParent | undefined) {
  const active = api.context.active();
  if (api.trace.getSpan(active) !== undefined) return { parent: active, kind: api.SpanKind.INTERNAL };
  const extracted = api.propagation.extract(active, context.req.headers);
  const known = api.trace.getSpanContext(extracted) !== undefined || given === undefined;
  const parent = known ? extracted : api.trace.setSpanContext(extracted, { ...given, isRemote: true });
  return { parent, kind: api.SpanKind.SERVER };
}

function methodOf({ req: { method = '' } }: Context): string {
  return METHODS.has(method) ? method : 'HTTP';
}

/** Neither a query nor a header's value: what stands there may be the text that was sent, or a key. */
function requestAttributes(context: Context) {
  const { requestId = '', client = '', scheme = 'http' } = requestState(context);
  const { method = '', httpVersion, socket } = context.req;
  return {
    'http.request.method': METHODS.has(method) ? method : '_OTHER',
    'url.scheme': scheme,
    'client.address': client,
    'network.peer.address': socket.remoteAddress ?? '',
    'network.protocol.version': httpVersion,
    'onnx_predict.request_id': requestId,
  };
}

function endSpan(api: OpenTelemetry, span: Span, context: Context, status: number): void {
  const { route, model, key } = requestState(context);
  if (route !== undefined) span.updateName(`${methodOf(context)} ${route}`).setAttribute('http.route', route);
  if (model !== undefined) span.setAttribute('onnx_predict.model', model);
  if (key !== undefined) span.setAttribute('onnx_predict.key', key);
  span.setAttribute('http.response.status_code', status);
  if (status >= 500 || status === CLIENT_LEFT) span.setAttribute('error.type', String(status));
  if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
  span.end();
}
