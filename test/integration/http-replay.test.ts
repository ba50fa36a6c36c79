import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, createServer, type Engine, type Server } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exchange, exchange } from '../http-exchange.ts';
import { buildRequest, type CaseRequest, readHttpCases } from './http-cases.ts';
import { findDifferences, valueAt } from './http-differences.ts';
import { assembleModel } from './text-models.ts';

let folder: string;
let engine: Engine;
let server: Server;
let port: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  const aliases = {
    'mit-b0': join(import.meta.dirname, '../fixtures/models/tiny-segformer'),
    t5: await assembleModel(folder, 'tiny-t5'),
    bart: await assembleModel(folder, 'tiny-bart'),
  };
  engine = createEngine({ aliases, numThreads: 1 });
  server = createServer(engine);
  ({ port } = await server.listen({ port: 0 }));
});
afterAll(async () => {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

function send(request: CaseRequest): Promise<Exchange> {
  return exchange(port, buildRequest(request, `127.0.0.1:${port}`), request.method);
}

const CASES = readHttpCases();

test('all recorded cases are here', () => {
  expect(CASES).toHaveLength(220);
});

describe('the tutorial’s routes answer', () => {
  test.each(CASES.map((recorded) => [recorded.id, recorded.title, recorded] as const))('%s: %s', async (_, __, recorded) => {
    const answer = await send(recorded.request);
    expect(findDifferences(recorded, answer, `http://127.0.0.1:${port}/`)).toEqual([]);
    const { same_as: other } = recorded;
    if (other === undefined || answer.status !== 200) return;
    const reference = await send(other.request);
    const [value, referenceValue] = [answer, reference].map(({ body }) => valueAt(JSON.parse(body.toString()), other.pointer));
    if (other.equal) expect(value, other.why).toEqual(referenceValue);
    else expect(value, other.why).not.toEqual(referenceValue);
  });
});

describe('a summary over HTTP is what the engine makes', () => {
  const text =
    'The harbour town of Eastmoor opened its rebuilt lighthouse to the public on Saturday, eleven years after a storm.';

  async function summaryOf(query: string): Promise<unknown> {
    const headers: [string, string][] = [['Content-Type', 'application/json']];
    const target = `/predict/text_summarize${query}`;
    const { body } = await send({ method: 'POST', target, headers, body: { text: JSON.stringify({ text }) } });
    return (JSON.parse(body.toString()) as { summary?: unknown }).summary;
  }

  test.each([
    ['', { minLength: 80, maxLength: 100 }],
    ['?min=1&max=2', { minLength: 80, maxLength: 100 }],
    ['?min_length=0&max_length=12', { minLength: 0, maxLength: 12 }],
  ])('of t5%s: greedily, by no rule but its lengths', async (query, lengths) => {
    const rules = { numBeams: 1, noRepeatNgramSize: 0, repetitionPenalty: 1, earlyStopping: false, lengthPenalty: 1 };
    const { summary } = await engine.summarize(text, { model: 't5', prefix: 'summarize: ', ...rules, ...lengths });
    expect(await summaryOf(query)).toBe(summary);
  });

  test.each([
    ['', { minLength: 30, maxLength: 128 }],
    ['&min=10&max=20', { minLength: 10, maxLength: 20 }],
    ['&min=50&max=20', { minLength: 20, maxLength: 20 }],
    ['&min_length=5&max_length=9', { minLength: 5, maxLength: 9 }],
  ])('of bart%s: by its configuration', async (query, lengths) => {
    const { summary } = await engine.summarize(text, { model: 'bart', ...lengths });
    expect(await summaryOf(`?model=bart${query}`)).toBe(summary);
  });
});
