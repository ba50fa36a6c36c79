import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { judgeOutcome } from '../../../bench/judge-outcome.js';
import { ask } from '../../../bench/soak-client.js';

const request = { name: 'a text', model: 't5', status: 200, method: 'POST', path: '/', contentType: 'text/plain' } as const;
const known = { model: 't5', reference: { status: 200, body: { summary: 'Right.' } } };

async function listen(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an answer is compared without its timings', async () => {
  const url = await listen((_, response) => response.end('{"summary": "Right.", "timings": {"load_ms": 3}}'));
  expect(judgeOutcome(known, await ask(url, { ...request, body: Buffer.from('x') }), [])).toBe('right');
});

test("another request's answer is wrong", async () => {
  const url = await listen((_, response) => response.end('{"summary": "Another."}'));
  expect(judgeOutcome(known, await ask(url, { ...request, body: Buffer.from('x') }), [])).toBe('wrong');
});

test('half an answer is lost', async () => {
  const url = await listen((_, response) => {
    response.writeHead(200, { 'content-length': 22 });
    response.write('{"summary":', () => response.destroy());
  });
  expect(judgeOutcome(known, await ask(url, { ...request, body: Buffer.from('x') }), [])).toBe('lost');
});

test('who leaves before all is sent has cancelled', async () => {
  let received = 0;
  const url = await listen((incoming) => {
    incoming.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    incoming.on('error', () => {});
  });
  const breakOff = { afterMs: 50, halfSent: true };
  const outcome = await ask(url, { ...request, body: Buffer.alloc(1000) }, { breakOff });
  expect(judgeOutcome(known, outcome, [])).toBe('cancelled');
  expect(received).toBeLessThan(1000);
});
