import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAddressRanges } from '../../../../src/address-range.ts';
import { noteClient } from '../../../../src/http/access/client-address.ts';
import { createGuard, type GuardOptions } from '../../../../src/http/access/guard.ts';
import { createMemoryRateLimitStore } from '../../../../src/http/access/rate-limit.ts';
import { answerJson } from '../../../../src/http/answer-json.ts';
import { createApp } from '../../../../src/http/app.ts';
import { requestState } from '../../../../src/http/request-state.ts';
import type { Route } from '../../../../src/http/route.ts';
import { listen, type TestServer } from '../../../http-exchange.ts';
import { ask } from '../tutorial-server.ts';

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/work',
    documentation: null,
    handle: (context) => answerJson(context, 200, { key: requestState(context).key ?? null }),
  },
  { method: 'GET', path: '/open', open: true, documentation: null, handle: (context) => answerJson(context, 200, {}) },
];
const KEYS = new Map([
  ['op_1', 'team-a'],
  ['op_2', 'team-b'],
]);
const keys = { identify: (presented: string) => KEYS.get(presented) };

let servers: TestServer[];
let clock: { nowMs: number };
beforeEach(() => {
  servers = [];
  clock = { nowMs: 0 };
});
afterEach(async () => {
  for (const server of servers) await server.close();
});

async function serve(options: GuardOptions, corsOrigins: readonly string[] = []): Promise<TestServer> {
  const counted = () => createMemoryRateLimitStore({ nowMs: () => clock.nowMs });
  const guard = createGuard({ store: counted(), failures: counted(), ...options });
  const middlewares = [noteClient(createAddressRanges(['loopback']))];
  const server = await listen(createApp({ routes: ROUTES, settings: { corsOrigins }, guard, middlewares }).callback());
  servers.push(server);
  return server;
}

const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
const from = (address: string, headers: Readonly<Record<string, string>> = {}) => ({
  headers: { 'X-Forwarded-For': address, ...headers },
});

describe('where keys are asked for', () => {
  test.each([
    ['Authorization: Bearer', { Authorization: 'Bearer op_1' }, 'team-a'],
    ['in small letters', { authorization: 'bearer  op_2' }, 'team-b'],
    ['x-api-key', { 'X-Api-Key': 'op_2' }, 'team-b'],
    ['x-api-key beside what is for a proxy', { Authorization: 'Basic eDp5', 'x-api-key': 'op_1' }, 'team-a'],
  ])('one is taken as %s', async (_, headers, key) => {
    expect(await ask(await serve({ keys }), '/work', { headers })).toMatchObject({ status: 200, json: { key } });
  });

  test.each([
    ['no key', {}],
    ['a wrong one', { Authorization: 'Bearer op_3' }],
    ['one of another kind', { Authorization: 'Basic op_1' }],
    ['one without its kind', { Authorization: 'op_1' }],
    ['two', { Authorization: 'Bearer op_1 op_2' }],
    ['a wrong one beside a right one', { Authorization: 'Bearer op_1', 'x-api-key': 'op_3' }],
  ])('who shows %s is refused, and told what is missing', async (_, headers) => {
    const answer = await ask(await serve({ keys }), '/work', { headers });
    expect(answer).toMatchObject({ status: 401, json: { detail: expect.stringContaining('An API key is needed') } });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test('a long body is not read before the key is right', async () => {
    const headers = { 'Content-Length': '10000000' };
    expect(await ask(await serve({ keys }), '/work', { headers, body: 'x' })).toMatchObject({ status: 401 });
  });

  test('open routes ask for none; what does not exist says so', async () => {
    const server = await serve({ keys });
    expect((await ask(server, '/open', { method: 'GET' })).status).toBe(200);
    expect((await ask(server, '/nothing')).status).toBe(404);
    expect((await ask(server, '/work', { method: 'GET' })).status).toBe(405);
  });

  test('a browser asks beforehand without one, and a page of another site sees the refusal', async () => {
    const server = await serve({ keys }, ['https://a.example']);
    const wanted = 'authorization,x-api-key,content-type,x-request-id,traceparent';
    const headers = {
      Origin: 'https://a.example',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': wanted,
    };
    const preflight = await ask(server, '/work', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe(wanted);
    const refused = await ask(server, '/work', { headers: { Origin: 'https://a.example' } });
    expect(refused).toMatchObject({ status: 401, headers: { 'access-control-allow-origin': 'https://a.example' } });
    for (const name of [
      'retry-after',
      'ratelimit-remaining',
      'server-timing',
      'traceparent',
      'x-request-id',
      'www-authenticate',
    ]) {
      expect(refused.headers['access-control-expose-headers']!.toLowerCase()).toContain(name);
    }
  });

  test('wrong ones are counted by address, and nobody is locked out by them', async () => {
    const server = await serve({ keys });
    const guess = (address: string) => ask(server, '/work', from(address, { Authorization: 'Bearer op_3' }));
    for (let i = 0; i < 10; i++) expect((await guess('192.0.2.1')).status).toBe(401);
    const refused = await guess('192.0.2.1');
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '6' } });
    expect((await guess('192.0.2.2')).status).toBe(401);
    expect((await ask(server, '/work', from('192.0.2.1', { Authorization: 'Bearer op_1' }))).status).toBe(200);
    clock.nowMs += 6000;
    expect([(await guess('192.0.2.1')).status, (await guess('192.0.2.1')).status]).toEqual([401, 429]);
  });
});

describe('where requests are limited', () => {
  const rateLimit = { requests: 2, periodMs: 60_000 };

  test('each key has its own share, from whatever address it comes, and hears how it stands', async () => {
    const server = await serve({ keys, rateLimit });
    const first = await ask(server, '/work', bearer('op_1'));
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '2', 'ratelimit-remaining': '1', 'ratelimit-reset': '30' });
    await ask(server, '/work', from('192.0.2.1', { 'x-api-key': 'op_1' }));
    const refused = await ask(server, '/work', bearer('op_1'));
    expect(refused).toMatchObject({ status: 429, json: { detail: expect.stringContaining('Too many requests') } });
    expect(refused.headers).toMatchObject({ 'retry-after': '30', 'ratelimit-remaining': '0', 'ratelimit-reset': '30' });
    expect((await ask(server, '/work', bearer('op_2'))).status).toBe(200);
    clock.nowMs += 30_000;
    expect((await ask(server, '/work', bearer('op_1'))).status).toBe(200);
  });

  test('each address has, where there are no keys, of IPv6 each network of 64 bits', async () => {
    const server = await serve({ rateLimit });
    const statuses: (number | null)[] = [];
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8::3']) {
      statuses.push((await ask(server, '/work', from(address))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 200, 200, 200, 429]);
  });

  test('open routes are not counted', async () => {
    const server = await serve({ rateLimit });
    for (let i = 0; i < 5; i++) {
      const answer = await ask(server, '/open', { method: 'GET' });
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty('ratelimit-limit');
    }
  });
});
