import { expect, test } from 'vitest';
import { type ErrorCode, OnnxPredictError } from '../../../src/errors.ts';
import { createApp } from '../../../src/http/app.ts';
import { toProblem } from '../../../src/http/problem.ts';
import { refuseValues } from '../../../src/http/refusal.ts';
import type { Route } from '../../../src/http/route.ts';
import { listen } from '../../http-exchange.ts';
import { ask } from './tutorial-server.ts';

const UNAVAILABLE: readonly ErrorCode[] = [
  ...(['MODEL_NOT_AVAILABLE', 'MODEL_INVALID', 'HUB_OFFLINE', 'HUB_UNREACHABLE', 'CACHE_BUSY', 'RUNNER_START_FAILED'] as const),
  ...(['QUEUE_TIMEOUT', 'MEMORY_EXCEEDED', 'ENGINE_CLOSED'] as const),
];
const BUSY: readonly ErrorCode[] = ['CACHE_BUSY', 'RUNNER_START_FAILED', 'QUEUE_TIMEOUT', 'MEMORY_EXCEEDED'];

async function failWith(error: Error, path: string) {
  const route: Route = {
    method: 'POST',
    path,
    documentation: null,
    handle: () => {
      throw error;
    },
  };
  const logger = { debug() {}, info() {}, warn() {} };
  const server = await listen(createApp({ routes: [route], settings: { corsOrigins: [] }, logger }).callback());
  const answer = await ask(server, path);
  await server.close();
  return answer;
}

test.each(UNAVAILABLE)('a client of Hugging Face is never told 503, at which it asks again at once: %s', async (code) => {
  const error = new OnnxPredictError(code, 'secret /srv');
  expect(toProblem(error).status).toBe(503);
  const { status, headers, json } = await failWith(error, '/models/t5');
  expect(status).toBe(BUSY.includes(code) ? 429 : 500);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  const { detail } = toProblem(error);
  expect(json).toEqual({ error: detail, detail });
});

test('faults of values are one sentence in the dialects', async () => {
  const fault = refuseValues({ type: 'missing', loc: ['query', 'top_k'], msg: 'Field required', input: null });
  const sentence = 'query.top_k: Field required';
  expect(await failWith(fault, '/models/t5')).toMatchObject({ status: 422, json: { error: sentence, detail: sentence } });
  expect(await failWith(fault, '/v2/models/t5/infer')).toMatchObject({ status: 422, json: { error: sentence } });
  expect((await failWith(fault, '/predict/x')).json).toMatchObject({ detail: [{ loc: ['query', 'top_k'] }] });
});

test('a dialect is known by the first part of the path alone', async () => {
  const { json } = await failWith(new OnnxPredictError('QUEUE_FULL', 'full'), '/modelsx');
  expect(json).toEqual({ detail: 'Too many requests are waiting; try again later.' });
});
