import * as api from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { answerJson } from '../../../../src/http/answer-json.ts';
import { createApp } from '../../../../src/http/app.ts';
import type { RequestRecord } from '../../../../src/http/observation/request-record.ts';
import { requestState } from '../../../../src/http/request-state.ts';
import type { Route } from '../../../../src/http/route.ts';
import { createServer } from '../../../../src/http/server.ts';
import { traceRequests } from '../../../../src/http/tracing/trace-requests.ts';
import { listen } from '../../../http-exchange.ts';
import { waitUntil } from '../../../integration/processes.ts';
import { fakeEngine } from '../fake-engine.ts';
import { standInEngine } from '../stand-in-engine.ts';
import { ask } from '../tutorial-server.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const SECRET = 'Quetzalcoatl';

async function serve() {
  const records: RequestRecord[] = [];
  const server = createServer(fakeEngine(standInEngine()), { onRequest: (record) => records.push(record) });
  onTestFinished(() => server.close({ timeoutMs: 0 }));
  const { url } = await server.listen({ port: 0 });
  return { url, recorded: () => waitUntil(async () => records.at(-1)) };
}

function summarize(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}/predict/text_summarize?x=${SECRET}`, {
    method: 'POST',
    body: JSON.stringify({ text: SECRET }),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

const traceparent = (flags = '01') => ({ traceparent: `00-${TRACE}-${CALLER}-${flags}` });

describe('without a provider of OpenTelemetry', () => {
  test('a request that is part of a trace is logged as such, and hands on what it was given', async () => {
    const { url, recorded } = await serve();
    const response = await summarize(url, traceparent());
    expect(response.headers.get('traceparent')).toBe(`00-${TRACE}-${CALLER}-01`);
    expect((await recorded()).traceId).toBe(TRACE);
  });

  test('a request that is part of none stays so', async () => {
    const { url, recorded } = await serve();
    const response = await summarize(url, { traceparent: 'nonsense' });
    expect(response.headers.has('traceparent')).toBe(false);
    expect((await recorded()).traceId).toBeNull();
  });
});

test('without OpenTelemetry itself nothing is different', async () => {
  const seen: (string | undefined)[] = [];
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/',
      documentation: null,
      handle(context) {
        seen.push(requestState(context).traceId);
        answerJson(context, 200, {});
      },
    },
  ];
  const middlewares = [traceRequests({ openTelemetry: undefined, version: '1', statusPast: () => undefined })];
  const server = await listen(createApp({ routes, settings: { corsOrigins: [] }, middlewares }).callback());
  onTestFinished(() => server.close());
  const answer = await ask(server, '/', { method: 'GET', headers: traceparent() });
  expect(answer.headers['traceparent']).toBe(`00-${TRACE}-${CALLER}-01`);
  await ask(server, '/', { method: 'GET' });
  expect(seen).toEqual([TRACE, undefined]);
});

describe('with one', () => {
  const exporter = new InMemorySpanExporter();
  beforeEach(() => {
    exporter.reset();
    api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterEach(() => api.trace.disable());

  /** The spans by their names, once that of the request is there. */
  async function spans(name: string): Promise<ReadonlyMap<string, ReadableSpan>> {
    const all = await waitUntil(async () => {
      const finished = exporter.getFinishedSpans();
      return finished.some((span) => span.name === name) ? finished : undefined;
    });
    return new Map(all.map((span) => [span.name, span]));
  }

  const ms = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6;

  test('a request is a span of its caller’s trace, by the route', async () => {
    const { url, recorded } = await serve();
    const response = await summarize(url, { ...traceparent(), 'x-request-id': 'mine' });
    const span = (await spans('POST /predict/text_summarize')).get('POST /predict/text_summarize')!;
    expect(span.kind).toBe(api.SpanKind.SERVER);
    expect(span.spanContext().traceId).toBe(TRACE);
    expect(span.parentSpanContext?.spanId).toBe(CALLER);
    expect(span.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'http.route': '/predict/text_summarize',
      'url.scheme': 'http',
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'onnx_predict.model': 't5',
      'onnx_predict.request_id': 'mine',
    });
    expect(span.status.code).toBe(api.SpanStatusCode.UNSET);
    expect(response.headers.get('traceparent')).toBe(`00-${TRACE}-${span.spanContext().spanId}-01`);
    expect((await recorded()).traceId).toBe(TRACE);
  });

  test('what its time was spent on are spans below it, one after the other, within it', async () => {
    const { url } = await serve();
    await summarize(url);
    const all = await spans('POST /predict/text_summarize');
    const request = all.get('POST /predict/text_summarize')!;
    const steps = ['load', 'queue', 'tokenize', 'encode', 'decode'].map((name) => all.get(name)!);
    expect(steps.map(({ duration }) => Math.round(ms(duration)))).toEqual([1, 2, 3, 4, 5]);
    for (const [i, step] of steps.entries()) {
      expect(step.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
      if (i > 0) expect(ms(step.startTime)).toBeCloseTo(ms(steps[i - 1]!.endTime), 3);
    }
    expect(ms(steps.at(-1)!.endTime)).toBeLessThanOrEqual(ms(request.endTime) + 1);
  });

  test('a picture has other steps', async () => {
    const { url } = await serve();
    const form = new FormData();
    form.set('file', new Blob(['picture']), `${SECRET}.jpg`);
    await fetch(`${url}/predict/image_classes`, { method: 'POST', body: form });
    const names = [...(await spans('POST /predict/image_classes')).keys()];
    expect(names).toEqual(['load', 'queue', 'preprocess', 'inference', 'POST /predict/image_classes']);
  });

  test('a request of no trace begins one', async () => {
    const { url, recorded } = await serve();
    await fetch(`${url}/livez`);
    const span = (await spans('GET /livez')).get('GET /livez')!;
    expect(span.parentSpanContext).toBeUndefined();
    expect((await recorded()).traceId).toBe(span.spanContext().traceId);
  });

  test('of a request that no sample is taken of there are no spans, but its trace', async () => {
    api.trace.disable();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    api.trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler(), spanProcessors }));
    const { url, recorded } = await serve();
    const response = await summarize(url, traceparent());
    expect(response.headers.get('traceparent')).toMatch(new RegExp(`^00-${TRACE}-(?!${CALLER})[0-9a-f]{16}-00$`));
    expect((await recorded()).traceId).toBe(TRACE);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  test('what a caller made up gets into no name', async () => {
    const { url } = await serve();
    await fetch(`${url}/${SECRET}?${SECRET}`, { method: 'PROPFIND', headers: { authorization: SECRET } });
    const span = (await spans('HTTP')).get('HTTP')!;
    expect(span.attributes).toMatchObject({ 'http.request.method': '_OTHER', 'http.response.status_code': 404 });
    expect(JSON.stringify([span.name, span.attributes, span.events])).not.toContain(SECRET);
  });

  test('no text, query or name of a file gets into a span', async () => {
    const { url } = await serve();
    await summarize(url);
    const all = await spans('POST /predict/text_summarize');
    expect(JSON.stringify([...all.values()].map(({ name, attributes, events }) => [name, attributes, events]))).not.toContain(
      SECRET,
    );
  });

  test('a failure on this side is one of the span', async () => {
    const server = createServer(fakeEngine());
    onTestFinished(() => server.close({ timeoutMs: 0 }));
    const { url } = await server.listen({ port: 0 });
    await summarize(url);
    const span = (await spans('POST /predict/text_summarize')).get('POST /predict/text_summarize')!;
    expect(span.status.code).toBe(api.SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({ 'error.type': '500', 'http.response.status_code': 500 });
  });

  test('within a span that another program has made of the request it is no second server', async () => {
    const { url } = await serve();
    const outer = api.trace.wrapSpanContext({ traceId: TRACE, spanId: CALLER, traceFlags: 1 });
    const active = api.trace.setSpan(api.ROOT_CONTEXT, outer);
    api.context.setGlobalContextManager({
      active: () => active,
      with: (_, run, thisArg, ...args) => run.call(thisArg as never, ...args),
      bind: (_, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    onTestFinished(() => api.context.disable());
    await fetch(`${url}/livez`);
    const span = (await spans('GET /livez')).get('GET /livez')!;
    expect(span.kind).toBe(api.SpanKind.INTERNAL);
    expect(span.parentSpanContext?.spanId).toBe(CALLER);
  });
});
