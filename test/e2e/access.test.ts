import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../integration/processes.ts';
import { CHROMIUM, launchChromium } from './browser.ts';
import { onnxPredict } from './command.ts';
import { startServer, TINY_ALIASES } from './server-process.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  file = join(folder, 'keys.txt');
});
afterEach(() => rm(folder, { recursive: true }));

async function addKey(name: string): Promise<string> {
  const { status, stdout, stderr } = await onnxPredict(['keys', 'add', name, '--file', file]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trimEnd();
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

describe('keys', () => {
  test('are made, shown once and removed; the file, which is private, has none of them', async () => {
    const key = await addKey('team-a');
    expect(key).toMatch(/^op_[A-Za-z0-9_-]{43}$/);
    await addKey('team-b');
    const text = await readFile(file, 'utf8');
    expect(text).toMatch(/^team-a:[0-9a-f]{64}\nteam-b:[0-9a-f]{64}\n$/);
    expect(text).not.toContain(key.slice(3));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const env = { ONNX_PREDICT_API_KEYS: file };
    expect((await onnxPredict(['keys', 'list'], { env })).stdout).toBe('team-a\nteam-b\n');
    expect((await onnxPredict(['keys', 'rm', 'team-a'], { env })).stdout).toBe('removed team-a\n');
    expect(await readFile(file, 'utf8')).toMatch(/^team-b:[0-9a-f]{64}\n$/);
  });

  test.each([
    [['add', 'team a'], /A key is named by/],
    [['add', 'team-a'], /There is a key named team-a/],
    [['rm', 'team-b'], /There is no key named team-b/],
  ])('%j is refused with a reason', async (args, reason) => {
    await addKey('team-a');
    const before = await readFile(file, 'utf8');
    const { status, stdout, stderr } = await onnxPredict(['keys', ...args, '--file', file]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(reason);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  test('have a file', async () => {
    expect(await onnxPredict(['keys', 'list'])).toMatchObject({ status: 2, stderr: expect.stringContaining('--file') });
    expect(await onnxPredict(['keys', 'rm', 'a', '--file', file])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no file of API keys'),
    });
  });
});

describe('a server with keys', () => {
  test('may be reached by others, and is used by who has one, until it is taken away', async () => {
    const key = await addKey('team-a');
    const server = startServer([...TINY_ALIASES, '--host', '0.0.0.0', '--api-keys', file]);
    const url = (await server.url).replace('0.0.0.0', '127.0.0.1');
    for (const path of ['/', '/livez', '/readyz', '/docs', '/redoc', '/openapi.json', '/docs/assets/docs.css']) {
      expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 200]);
    }
    const post = { method: 'POST', body: JSON.stringify({ text: 'The old bridge over the Elm was closed on Monday.' }) };
    const summary = `${url}/predict/text_summarize?model=bart&min=5&max=40`;
    expect((await fetch(summary, post)).status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const headers = { 'content-type': 'application/json', 'x-api-key': key };
    expect((await fetch(summary, { ...post, headers })).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`, bearer(key))).text()).toContain(
      'onnx_predict_http_key_requests_total{key="team-a",status="200"} 1',
    );
    await onnxPredict(['keys', 'rm', 'team-a', '--file', file]);
    await waitUntil(async () => ((await fetch(`${url}/metrics`, bearer(key))).status === 200 ? undefined : true));
    server.child.kill('SIGTERM');
    await server.ended;
    const requests = server.logLines().filter(({ route }) => route === '/predict/text_summarize');
    expect(requests.map(({ status, key }) => [status, key])).toEqual([
      [401, undefined],
      [200, 'team-a'],
    ]);
    expect(server.output.stderr).toContain('0 API keys are accepted now');
    expect(server.output.stderr).not.toContain(key.slice(3));
  });

  test('does not start without its file', async () => {
    const { status, stderr } = await onnxPredict(['serve', '--port', '0', '--api-keys', file]);
    expect(status).toBe(2);
    expect(stderr).toContain(`keys add NAME --file ${file}`);
  });
});

test('a server with a limit says how a client stands, and when to come back', async () => {
  const url = await startServer([...TINY_ALIASES, '--rate-limit', '2/h', '--trusted-proxy', 'loopback']).url;
  const ask = (client: string) => fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': client } });
  expect((await ask('192.0.2.1')).headers.get('ratelimit-remaining')).toBe('1');
  expect((await ask('192.0.2.1')).status).toBe(200);
  const refused = await ask('192.0.2.1');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1700);
  expect((await ask('192.0.2.2')).status).toBe(200);
});

test('a log line has the trace that a request is part of', async () => {
  const server = startServer();
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  await fetch(`${await server.url}/livez`, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
  const line = await waitUntil(async () => server.logLines().find(({ route }) => route === '/livez'));
  expect(line['trace_id']).toBe(traceId);
});

test('spans go to what an operator has set up before it', async () => {
  const server = startServer(TINY_ALIASES, { NODE_OPTIONS: `--import=${pathToFileURL('test/e2e/print-spans.js')}` });
  const body = JSON.stringify({ text: 'The old bridge over the Elm was closed on Monday.' });
  const url = `${await server.url}/predict/text_summarize?model=bart&min=5&max=40`;
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const name = 'POST /predict/text_summarize';
  await waitUntil(async () => server.logLines().find(({ span }) => span === name));
  const spans = server.logLines().filter(({ span }) => span !== undefined);
  expect(spans.map(({ span }) => span)).toEqual(['load', 'queue', 'tokenize', 'encode', 'decode', name]);
  const [, traceId] = response.headers.get('traceparent')!.split('-');
  expect(spans.map(({ trace }) => trace)).toEqual(Array(6).fill(traceId));
});

describe.skipIf(CHROMIUM === undefined)('in a browser (needs chromium)', () => {
  test('Swagger UI asks for a key, and shows it to the server', async () => {
    const key = await addKey('team-a');
    const url = await startServer([...TINY_ALIASES, '--api-keys', file]).url;
    await using browser = await launchChromium(CHROMIUM!);
    const page = await browser.newPage();
    await page.goto(`${url}/docs`);
    const operation = page.locator('.opblock[id$="-metrics"]');
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    const execute = async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith('/metrics'));
      await operation.locator('.execute').click();
      return (await answered).status();
    };
    expect(await execute()).toBe(401);
    await page.locator('.auth-wrapper .btn.authorize').first().click();
    await page.locator('.modal-ux input').first().fill(key);
    await page.locator('.modal-ux .btn.authorize').first().click();
    await page.locator('.modal-ux .btn-done').first().click();
    expect(await execute()).toBe(200);
  });
});
