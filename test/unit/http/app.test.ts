import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OnnxPredictError } from '../../../src/errors.ts';
import { answerJson } from '../../../src/http/answer-json.ts';
import { createApp } from '../../../src/http/app.ts';
import type { Route } from '../../../src/http/route.ts';
import { exchange, listen, type TestServer } from '../../http-exchange.ts';
import { ask } from './tutorial-server.ts';

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/thing', documentation: null, handle: (context) => answerJson(context, 200, 'thing') },
  { method: 'POST', path: '/thing', documentation: null, handle: (context) => answerJson(context, 200, 'made') },
  {
    method: 'GET',
    path: '/fails',
    documentation: null,
    handle: () => {
      throw new Error('no /srv/secret');
    },
  },
  {
    method: 'GET',
    path: '/full',
    documentation: null,
    handle: () => Promise.reject(new OnnxPredictError('QUEUE_FULL', 'full', { retryAfterMs: 3200 })),
  },
];

let servers: TestServer[];
let warnings: string[];
beforeEach(() => {
  servers = [];
  warnings = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
});

async function serve(parts: Partial<Parameters<typeof createApp>[0]> = {}): Promise<TestServer> {
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
  const server = await listen(createApp({ routes: ROUTES, settings: { corsOrigins: [] }, logger, ...parts }).callback());
  servers.push(server);
  return server;
}

describe('the application', () => {
  test('answers HEAD as GET, without the body', async () => {
    const answer = await ask(await serve(), '/thing', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers['content-length']).toBe('7');
  });

  test('says which methods a path has', async () => {
    const answer = await ask(await serve(), '/thing', { method: 'DELETE' });
    expect(answer).toMatchObject({ status: 405, json: { detail: 'Method Not Allowed' } });
    expect(answer.headers['allow']).toBe('GET, HEAD, POST');
  });

  test('redirects to the path with another slash at its end, whatever host is named', async () => {
    const answer = await ask(await serve(), '/%74hing//?a=%2F&b="<', { headers: { Host: 'attacker.example' } });
    expect(answer).toMatchObject({ status: 307, text: '' });
    expect(answer.headers['location']).toBe('/thing?a=%2F&b=%22%3C');
  });

  test('redirects before a long body was sent', async () => {
    const answer = await ask(await serve(), '/thing/', { headers: { 'Content-Length': '10000000' }, body: 'x' });
    expect(answer).toMatchObject({ status: 307, text: '' });
    expect(answer.headers).not.toHaveProperty('content-type');
  });

  test('never redirects to another host', async () => {
    const answer = await ask(await serve(), '//evil.example/', { method: 'GET' });
    expect(answer).toMatchObject({ status: 404, json: { detail: 'Not Found' } });
  });

  test('guards every answer, refusals included', async () => {
    for (const path of ['/thing', '/nothing', '/fails']) {
      const { headers } = await ask(await serve(), path, { method: 'GET' });
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  test('tells a caller nothing of a fault on this side, and its log all', async () => {
    const answer = await ask(await serve(), '/fails', { method: 'GET' });
    expect(answer).toMatchObject({ status: 500, json: { detail: 'Internal Server Error' } });
    expect(warnings).toEqual([expect.stringContaining('no /srv/secret')]);
  });

  test('says when to come back to a full queue, by what the engine measured', async () => {
    const answer = await ask(await serve(), '/full', { method: 'GET' });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('4');
    expect(warnings).toEqual([]);
  });

  test('shows every answer to the middlewares around it', async () => {
    const seen: number[] = [];
    const server = await serve({
      middlewares: [
        async (context, next) => {
          await next();
          seen.push(context.status);
        },
      ],
    });
    for (const path of ['/thing', '/nothing', '/fails']) await ask(server, path, { method: 'GET' });
    expect(seen).toEqual([200, 404, 500]);
  });

  test('refuses two Host headers', async () => {
    const { port } = await serve();
    const request = Buffer.from('GET /thing HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n');
    expect((await exchange(port, request, 'GET')).status).toBe(400);
  });

  test.each([
    ['HELLO WORLD\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`, 431],
    ['POST /thing HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ])('answers what is no HTTP in JSON: %#', async (request, status) => {
    const answer = await exchange((await serve()).port, Buffer.from(request), 'GET');
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toEqual({ detail: expect.any(String) as string });
  });

  test('answers before a long body that nobody wants, and then closes the connection', async () => {
    const { port } = await serve();
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk)).on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n');
    const startMs = performance.now();
    while (!Buffer.concat(received).includes('Not Found')) await setTimeout(5);
    expect(performance.now() - startMs).toBeLessThan(1000);
    await closed;
  });
});

describe('calls of browsers from elsewhere', () => {
  const preflight = { method: 'OPTIONS', headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' } };

  test('are not spoken of unless origins are allowed', async () => {
    const server = await serve();
    expect(await ask(server, '/thing', preflight)).toMatchObject({ status: 405 });
    const answer = await ask(server, '/thing', { method: 'GET', headers: { Origin: 'https://a.example' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('are allowed from the origins on the list only, refusals included', async () => {
    const server = await serve({ settings: { corsOrigins: ['https://a.example'] } });
    expect(await ask(server, '/thing', preflight)).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-origin': 'https://a.example' },
    });
    const refused = await ask(server, '/nothing', { method: 'GET', headers: { Origin: 'https://a.example' } });
    expect(refused).toMatchObject({ status: 404, headers: { 'access-control-allow-origin': 'https://a.example' } });
    const other = await ask(server, '/thing', { ...preflight, headers: { ...preflight.headers, Origin: 'https://b.example' } });
    expect(other.status).toBe(405);
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('are allowed from everywhere with *', async () => {
    const server = await serve({ settings: { corsOrigins: ['*'] } });
    const answer = await ask(server, '/thing', { method: 'GET', headers: { Origin: 'https://b.example' } });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });
});
