import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine, type Engine } from 'onnx-predict';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../dist/http/app.js';
import type { Route } from '../../dist/http/route.js';
import { DEFAULT_SERVER_SETTINGS } from '../../dist/http/server-settings.js';
import { createTutorialRoutes } from '../../dist/http/tutorial-routes.js';
import { type Exchange, exchange, listen, type TestServer } from '../http-exchange.ts';
import { buildRequest, type CaseRequest, readHttpCases } from './http-cases.ts';
import { findDifferences, valueAt } from './http-differences.ts';
import { assembleModel } from './text-models.ts';

let folder: string;
let engine: Engine;
let server: TestServer;

/** In place of the pages that show the API. */
const PAGES = ['/docs', '/docs/oauth2-redirect', '/openapi.json', '/redoc'].map(
  (path): Route => ({
    method: 'GET',
    path,
    documentation: null,
    handle: (context) => {
      context.type = path === '/openapi.json' ? 'application/json' : 'html';
      context.body = '<html lang="en">/openapi.json</html>';
    },
  }),
);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  const aliases = {
    'mit-b0': join(import.meta.dirname, '../fixtures/models/tiny-segformer'),
    t5: await assembleModel(folder, 'tiny-t5'),
    bart: await assembleModel(folder, 'tiny-bart'),
  };
  engine = createEngine({ aliases, numThreads: 1 });
  const settings = DEFAULT_SERVER_SETTINGS;
  const routes = [...createTutorialRoutes({ engine, settings }), ...PAGES];
  server = await listen(createApp({ routes, settings }).callback());
});
afterAll(async () => {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

function send(request: CaseRequest): Promise<Exchange> {
  return exchange(server.port, buildRequest(request, `127.0.0.1:${server.port}`), request.method);
}

const CASES = readHttpCases();

test('all recorded cases are here', () => {
  expect(CASES).toHaveLength(220);
});

describe('the tutorial’s routes answer', () => {
  test.each(CASES.map((recorded) => [recorded.id, recorded.title, recorded] as const))('%s: %s', async (_, __, recorded) => {
    const answer = await send(recorded.request);
    expect(findDifferences(recorded, answer, `http://127.0.0.1:${server.port}/`)).toEqual([]);
    const { same_as: other } = recorded;
    if (other === undefined || answer.status !== 200) return;
    const reference = await send(other.request);
    const [value, referenceValue] = [answer, reference].map(({ body }) => valueAt(JSON.parse(body.toString()), other.pointer));
    if (other.equal) expect(value, other.why).toEqual(referenceValue);
    else expect(value, other.why).not.toEqual(referenceValue);
  });
});
