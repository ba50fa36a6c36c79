import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import Koa from 'koa';
import { expect, test } from 'vitest';
import { createEventStream, type EventStream } from '../../../../src/http/events/event-stream.ts';
import { waitUntil } from '../../../integration/processes.ts';

interface Served extends AsyncDisposable {
  readonly stream: EventStream;
  readonly res: ServerResponse;
  /** The client's end, of which nothing is read. */
  readonly socket: Socket;
}

/** A stream to a client that reads nothing. */
async function serveUnread(options: Parameters<typeof createEventStream>[1]): Promise<Served> {
  const app = new Koa();
  const answering = new Promise<Pick<Served, 'stream' | 'res'>>((resolve) => {
    app.use(async (context) => {
      const stream = createEventStream(context, options);
      resolve({ stream, res: context.res });
      await once(context.res, 'close');
      stream.close();
    });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  socket.on('error', () => {}).pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  return {
    ...(await answering),
    socket,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Gives parts until the client's and the system's buffers are full. */
async function fill({ stream, res }: Served): Promise<void> {
  while (!res.writableNeedDrain) {
    stream.append('text', 'x'.repeat(10_000));
    await new Promise(setImmediate);
  }
}

test('writes no more to a client that reads nothing, and tells it all later, in one event of each kind', async () => {
  const served = await serveUnread({ pingIntervalMs: 10_000 });
  await fill(served);
  const { stream, res, socket } = served;
  const numWaiting = res.writableLength;
  for (let i = 0; i < 1000; i++) {
    stream.update('progress', { output_tokens: i });
    stream.append('text', 'y'.repeat(100));
    if (i % 10 === 0) await new Promise(setImmediate);
  }
  expect(res.writableLength).toBe(numWaiting);
  let seen = '';
  socket.on('data', (chunk) => {
    seen += String(chunk);
  });
  socket.resume();
  await stream.end('end', { summary: '' });
  await waitUntil(async () => (seen.includes('event: end') ? true : undefined));
  const rest = seen.slice(seen.indexOf('event: progress')).split('event: ');
  expect(rest.map((event) => event.split('\n')[0])).toEqual(['', 'progress', 'text', 'end']);
  expect(rest[1]).toContain('{"output_tokens":999}');
  expect(rest[2]).toContain('y'.repeat(100_000));
  await served[Symbol.asyncDispose]();
});

test.each(['before', 'after'])('takes a client that reads nothing for gone, %s the last event', async (when) => {
  const served = await serveUnread({ pingIntervalMs: 5, stalledMs: 30 });
  await fill(served);
  const ended = when === 'after' ? served.stream.end('end', {}) : Promise.resolve();
  await waitUntil(async () => (served.res.destroyed ? true : undefined));
  await ended;
  await served[Symbol.asyncDispose]();
});

test('sends no comment while others wait to be read', async () => {
  const served = await serveUnread({ pingIntervalMs: 1 });
  await fill(served);
  const numWaiting = served.res.writableLength;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(served.res.writableLength).toBe(numWaiting);
  await served[Symbol.asyncDispose]();
});
