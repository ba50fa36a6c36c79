import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHttpListener, type ListenerOptions } from '../../../src/http/http-listener.ts';
import { silentLogger } from '../../../src/logger.ts';
import { waitUntil } from '../../integration/processes.ts';
import { rawRequest } from './raw-request.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

function listenerFor(handle: Handle, options: Partial<ListenerOptions> = {}) {
  const listener = createHttpListener({
    handle,
    requestTimeoutMs: 60_000,
    maxConnections: 100,
    logger: silentLogger,
    onMalformed() {},
    ...options,
  });
  onTestFinished(() => listener.close({ timeoutMs: 0 }));
  return listener;
}

/** Holds answers back until they are let go. */
function heldAnswers() {
  const held: ServerResponse[] = [];
  let onArrival: (() => void) | undefined;
  return {
    handle: (_: IncomingMessage, response: ServerResponse) => {
      held.push(response);
      onArrival?.();
    },
    arrived: () => (held.length > 0 ? Promise.resolve() : new Promise<void>((resolve) => (onArrival = resolve))),
    letGo() {
      for (const response of held.splice(0)) response.end('done');
    },
  };
}

async function get(
  port: number,
  agent: Agent | false = false,
): Promise<{ readonly response: IncomingMessage; readonly body: string }> {
  const [response] = (await once(request({ port, host: '127.0.0.1', agent }).end(), 'response')) as [IncomingMessage];
  return { response, body: await text(response) };
}

test('a server says where it listens', async () => {
  const listener = listenerFor((_, response) => response.end('x'));
  const { host, port, url } = await listener.listen({ host: '127.0.0.1', port: 0 });
  expect(host).toBe('127.0.0.1');
  expect(url).toBe(`http://127.0.0.1:${port}`);
  expect((await get(port)).body).toBe('x');
});

test('a port in use, and an address of another machine, are refused by name', async () => {
  const { port } = await listenerFor(() => {}).listen({ host: '127.0.0.1', port: 0 });
  await expect(listenerFor(() => {}).listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(new RegExp(`^port: .* port ${port} already`)),
  });
  await expect(listenerFor(() => {}).listen({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    message: 'host: 192.0.2.1 is no address of this machine',
  });
});

test('closing lets what is being answered end, and accepts nothing new', async () => {
  const answers = heldAnswers();
  const listener = listenerFor(answers.handle);
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const answer = get(port, new Agent({ keepAlive: true }));
  await answers.arrived();
  const closed = listener.close({ timeoutMs: 30_000 });
  expect(listener.draining).toBe(true);
  await expect(get(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(listener.numInFlight).toBe(1);
  answers.letGo();
  const { response, body } = await answer;
  expect(body).toBe('done');
  expect(response.headers.connection).toBe('close');
  await closed;
});

test('a kept connection may ask once more while the server ends, and is then closed', async () => {
  const answers = heldAnswers();
  const listener = listenerFor((message, response) =>
    message.url === '/held' ? answers.handle(message, response) : response.end(String(listener.draining)),
  );
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const held = once(request({ port, path: '/held', agent: false }).end(), 'response');
  await answers.arrived();
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await get(port, kept)).body).toBe('false');
  const closed = listener.close({ timeoutMs: 30_000 });
  const { response, body } = await get(port, kept);
  expect(body).toBe('true');
  expect(response.headers.connection).toBe('close');
  answers.letGo();
  ((await held) as [IncomingMessage])[0].resume();
  await closed;
});

test('idle connections do not hold up the end', async () => {
  const listener = listenerFor((_, response) => response.end('x'));
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const agent = new Agent({ keepAlive: true });
  await get(port, agent);
  await listener.close({ timeoutMs: 60_000 });
});

test('what does not end in time is cut off, and said', async () => {
  const answers = heldAnswers();
  const warnings: string[] = [];
  const listener = listenerFor(answers.handle, { logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const answer = get(port);
  await answers.arrived();
  await Promise.all([listener.close({ timeoutMs: 10 }), expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' })]);
  expect(warnings).toEqual(['1 requests were cut off after 0.01 s']);
});

test.each([
  [400, 'no HTTP', 'HELLO WORLD\r\n\r\n'],
  [431, 'headers of more than 16 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`],
])('%i answers %s', async (status, _, bytes) => {
  const { port } = await listenerFor(() => {}).listen({ host: '127.0.0.1', port: 0 });
  expect(await rawRequest(port, bytes)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

test('what never became a request is told of, under the id that its answer has', async () => {
  const failures: unknown[] = [];
  const { port } = await listenerFor(() => {}, { onMalformed: (failure) => failures.push(failure) }).listen({
    host: '127.0.0.1',
    port: 0,
  });
  const answer = await rawRequest(port, 'HELLO WORLD\r\n\r\n');
  const [, requestId] = /x-request-id: (\S+)/.exec(answer) ?? [];
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(failures).toEqual([{ status: 400, detail: expect.any(String), requestId, client: '127.0.0.1' }]);
});

test.each([
  ['headers', 'POST / HTTP/1.1\r\nHost: x\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
])('%s that arrive too slowly are answered with 408', async (_, bytes) => {
  let statusPast: number | undefined;
  const listener = listenerFor(
    (message, response) => {
      response.once('close', () => {
        statusPast = listener.statusPast(message);
      });
      message.resume();
    },
    { requestTimeoutMs: 50 },
  );
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  expect(await rawRequest(port, bytes)).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
  expect(statusPast).toBe(bytes.includes('abc') ? 408 : undefined);
});

test.each(['foo', '100-continue'])('an expectation of %s does not keep a request from its answer', async (expectation) => {
  const { port } = await listenerFor((_, response) => response.end('x')).listen({ host: '127.0.0.1', port: 0 });
  const bytes = `GET / HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nConnection: close\r\n\r\n`;
  expect(await rawRequest(port, bytes)).toMatch(/HTTP\/1.1 200 OK\r\n/);
});

test('garbage behind a request does not get into its answer', async () => {
  const listener = listenerFor((_, response) => {
    response.writeHead(200, { 'Content-Length': 6 });
    response.write('one');
    socket.write('GARBAGE\r\n\r\n');
    socket.once('close', () => response.end('two'));
  });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = await text(socket).catch(() => '');
  expect(answer).not.toContain('400');
});

test('a client that leaves is missed by all of its requests, also by those that wait for their turn on the connection', async () => {
  const left: (string | undefined)[] = [];
  const answers = heldAnswers();
  const listener = listenerFor((message, response) => {
    response.once('close', () => left.push(message.url));
    if (message.url === '/3') answers.handle(message, response);
  });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  socket.write(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  await answers.arrived();
  socket.destroy();
  await waitUntil(async () => (left.length === 3 ? true : undefined));
  expect(listener.numInFlight).toBe(0);
  answers.letGo();
  await listener.close({ timeoutMs: 60_000 });
  expect(left.sort()).toEqual(['/1', '/2', '/3']);
});

test('garbage behind several requests is told to none of them', async () => {
  const answers = heldAnswers();
  const listener = listenerFor(answers.handle);
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  expect(await rawRequest(port, `${request}${request}GARBAGE\r\n\r\n`)).toBe('');
});

test('what is asked at the last moment over a connection that was open is answered in full', async () => {
  const answers = heldAnswers();
  const listener = listenerFor((message, response) => {
    if (message.url === '/last') answers.handle(message, response);
    else response.end('x');
  });
  const { port } = await listener.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  // Its beginning is read before the end begins, so that this is no idle connection.
  socket.write('GET /last HTTP/1.1\r\n');
  await get(port);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const closed = listener.close({ timeoutMs: 60_000 });
  socket.write('Host: x\r\n\r\n');
  await answers.arrived();
  await vi.advanceTimersByTimeAsync(5000);
  expect(listener.numInFlight).toBe(1);
  answers.letGo();
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  await closed;
});

test('a server that was closed while it began to listen does not listen', async () => {
  const listener = listenerFor((_, response) => response.end('x'));
  const listening = listener.listen({ host: 'localhost', port: 0 });
  await listener.close({ timeoutMs: 0 });
  await expect(listening).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
