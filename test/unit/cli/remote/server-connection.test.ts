import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectServer, parseServer } from '../../../../src/cli/remote/server-connection.ts';

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];

/** A server that gives these answers in turn, and what it was asked. */
async function serve(...answers: readonly Answer[]) {
  const requests: IncomingMessage[] = [];
  const left = [...answers];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    requests.push(request);
    request.resume();
    const [status, body, headers] = left.shift() ?? [500, ''];
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  return { requests, pauses, url, connection: await connectServer({ server: `${url}/`, pause }) };
}

const problem = (code: string | null, message = 'no') => JSON.stringify({ error: { code, message } });

describe('a server', () => {
  test('is asked again when it says, where too much is waiting', async () => {
    const busy: Answer = [429, problem('QUEUE_FULL'), { 'retry-after': '2' }];
    const { connection, pauses, requests } = await serve(busy, busy, [200, '{"a":1}']);
    expect(await connection.ask('/engine/models')).toEqual({ a: 1 });
    expect(pauses).toEqual([2000, 2000]);
    expect(requests).toHaveLength(3);
  });

  test('is not asked for ever, nor waited for longer than a minute', async () => {
    const busy: Answer = [429, problem('QUEUE_FULL'), { 'retry-after': '1' }];
    const stubborn = await serve(...Array.from({ length: 9 }, () => busy));
    await expect(stubborn.connection.ask('/')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect(stubborn.requests).toHaveLength(6);
    const slow = await serve([503, problem('HUB_OFFLINE'), { 'retry-after': '3600' }]);
    await expect(slow.connection.ask('/')).rejects.toMatchObject({ code: 'HUB_OFFLINE' });
    expect(slow.pauses).toEqual([]);
  });

  test.each([
    [404, problem(null, 'There is none.'), 'MODEL_UNKNOWN', 'There is none.'],
    [400, problem('IMAGE_INVALID', 'Broken.'), 'IMAGE_INVALID', 'Broken.'],
    [400, problem('NEVER_HEARD_OF'), 'INTERNAL', 'no'],
    [400, problem('constructor'), 'INTERNAL', 'no'],
    [401, problem(null), 'INVALID_ARGUMENT', 'ONNX_PREDICT_API_KEY'],
    [404, '{"detail":"Not Found"}', 'MODEL_NOT_AVAILABLE', 'no onnx-predict server'],
    [200, '<html>', 'MODEL_NOT_AVAILABLE', 'no onnx-predict server'],
    [307, '', 'MODEL_NOT_AVAILABLE', 'cannot be reached'],
  ] as const)('that answers %d with %s is told of as %s', async (status, body, code, message) => {
    const { connection, requests } = await serve([status, body, { location: '/elsewhere' }]);
    const failing = connection.ask('/', { codes: { 404: 'MODEL_UNKNOWN' } });
    await expect(failing).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(requests).toHaveLength(1);
  });

  test('that is not there is told of with what to do', async () => {
    const { url } = await serve();
    const connection = await connectServer({ server: url.replace(/\d+$/, '9') });
    await expect(connection.ask('/')).rejects.toThrow('"onnx-predict serve" starts one');
  });

  test('is given the key of a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const apiKeyFile = join(folder, 'key');
    await writeFile(apiKeyFile, 'op_key\n');
    const { url, requests } = await serve([200, '{}']);
    await (await connectServer({ server: url, apiKeyFile })).ask('/');
    expect(requests[0]!.headers.authorization).toBe('Bearer op_key');
    await writeFile(apiKeyFile, 'two keys');
    await expect(connectServer({ server: url, apiKeyFile })).rejects.toThrow('must hold a key');
  });
});

test.each(['127.0.0.1:8000', 'ftp://a', 'http://', 'http://ada:secret@a', 'http://a/?b', 'http://a/#b'])(
  '%j is no address of a server',
  (server) => {
    expect(() => parseServer(server)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
    expect(() => parseServer(server)).not.toThrow('secret');
  },
);

test('an address may have a path', () => {
  expect(parseServer('https://example.org/tools/predict/')).toBe('https://example.org/tools/predict');
});
