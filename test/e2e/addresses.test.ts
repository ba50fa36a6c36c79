import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { onnxPredict } from './command.ts';
import { startServer } from './server-process.ts';

const SHIP = await readFile('examples/ship.jpg');

let host: Server;
let url: string;
let requests: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[] = [];
beforeAll(async () => {
  host = createServer((request, response) => {
    requests.push({ url: request.url, headers: request.headers });
    if (request.url === '/elsewhere') response.writeHead(302, { location: 'http://localhost:1/ship.jpg' }).end();
    else response.end(request.url === '/page' ? '<html></html>' : SHIP);
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
});
afterAll(() => host.close());
beforeEach(() => {
  requests = [];
});

test('classify takes pictures from addresses, and judges what comes as it judges files', async () => {
  const inputs = [`${url}/ship?size=[1]`, `${url}/page`, `${url}/elsewhere`];
  const { stdout, stderr, status } = await onnxPredict(['classify', ...inputs, '--model', 'tiny'], {
    env: { HF_TOKEN: 'hf_secret' },
  });
  expect(stdout).toMatch(/^http:.*ship\?size=\[1\]\tship\t0\.98\d+\n$/);
  expect(stderr).toContain('/page: This is a web page');
  expect(stderr).toContain('the host localhost:1, which you did not name');
  expect(status).toBe(1);
  expect(requests.map((request) => request.url)).toEqual(['/ship?size=[1]', '/page', '/elsewhere']);
  for (const { headers } of requests) {
    expect(headers).toMatchObject({ 'user-agent': 'onnx-predict' });
    for (const name of ['authorization', 'cookie', 'referer']) expect(headers).not.toHaveProperty(name);
  }
});

test('a proxy that the environment names is asked instead of the host, but not for what is exempt', async () => {
  const env = { http_proxy: url, no_proxy: '127.0.0.1' };
  const inputs = ['http://pictures.invalid/ship', `${url}/ship`];
  const { stdout } = await onnxPredict(['classify', ...inputs, '--quiet', '--model', 'tiny'], { env });
  expect(stdout).toBe('ship\nship\n');
  expect(requests.map((request) => request.url)).toEqual(['http://pictures.invalid/ship', '/ship']);
});

test('a server fetches nothing, however an address is sent to it', async () => {
  const server = await startServer().url;
  const form = new FormData();
  form.set('file', `${url}/ship`);
  const json = { 'Content-Type': 'application/json' };
  const attempts: readonly (readonly [string, RequestInit])[] = [
    ['/predict/image_classes', { method: 'POST', body: form }],
    ['/predict/image_classes', { method: 'POST', body: `${url}/ship`, headers: { 'Content-Type': 'image/jpeg' } }],
    ['/models/mit-b0', { method: 'POST', body: JSON.stringify({ inputs: `${url}/ship` }), headers: json }],
    [`/predict/image_classes?url=${url}/ship`, { method: 'POST', headers: json, body: JSON.stringify({ url: `${url}/ship` }) }],
  ];
  for (const [path, init] of attempts) expect(await (await fetch(server + path, init)).text()).not.toContain('"ship"');
  expect(requests).toEqual([]);
});
