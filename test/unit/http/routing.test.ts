import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerJson } from '../../../src/http/answer-json.ts';
import { createApp } from '../../../src/http/app.ts';
import { requestState } from '../../../src/http/request-state.ts';
import type { Route } from '../../../src/http/route.ts';
import { isRootPath } from '../../../src/root-path.ts';
import { listen, type TestServer } from '../../http-exchange.ts';
import { ask } from './tutorial-server.ts';

const ROUTES = ['/', '/thing', '/tools/inner'].map(
  (path): Route => ({
    method: 'GET',
    path,
    documentation: null,
    handle: (context) => answerJson(context, 200, { route: requestState(context).route }),
  }),
);

let server: TestServer;
beforeEach(async () => {
  server = await listen(createApp({ routes: ROUTES, settings: { corsOrigins: [] }, rootPath: '/tools' }).callback());
});
afterEach(() => server.close());

describe('below a root path', () => {
  test.each([
    ['/thing', '/thing'],
    ['/tools/thing', '/thing'],
    ['/tools/thing?a=/tools', '/thing'],
    ['/tools/tools/inner', '/tools/inner'],
    ['/tools/inner', '/tools/inner'],
    ['/', '/'],
    ['/tools/', '/'],
    ['/tools', '/'],
  ])('%s is %s, whether a proxy takes the prefix away or not', async (path, route) => {
    expect(await ask(server, path, { method: 'GET' })).toMatchObject({ status: 200, json: { route } });
  });

  test.each(['/toolsthing', '/tool/thing', '/tools/tools/thing', '/Tools/thing', '/tools//thing'])(
    '%s is nothing',
    async (path) => expect((await ask(server, path, { method: 'GET' })).status).toBe(404),
  );

  test.each(['/thing/', '/tools/thing/', '/tools/thing//'])('%s is redirected to where the client finds it', async (path) => {
    const answer = await ask(server, `${path}?a=1`, { method: 'GET' });
    expect([answer.status, answer.headers['location']]).toEqual([307, '/tools/thing?a=1']);
  });

  test('a method that a path does not have is still refused', async () => {
    expect((await ask(server, '/tools/thing', { method: 'POST' })).status).toBe(405);
  });
});

test.each(['/a', '/tools/predict', '/a-b/c.d/_~1', '/.well-known'])('%s can be a root path', (text) =>
  expect(isRootPath(text)).toBe(true),
);

test.each(['', '/', 'a', '/a/', '//a', '/a//b', '/a b', '/a?b', '/a%2fb', '/..', '/a/../b', '/./a', '//evil.example'])(
  '%j cannot',
  (text) => expect(isRootPath(text)).toBe(false),
);
