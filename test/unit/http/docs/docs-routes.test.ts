import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readApiInfo } from '../../../../src/http/docs/api-info.ts';
import { createDocsRoutes } from '../../../../src/http/docs/docs-routes.ts';
import { createOpenApiDocument } from '../../../../src/http/docs/openapi.ts';
import { SAMPLE_ROUTES } from '../sample-routes.ts';
import { type ServedRoutes, serveRoutes } from '../serve-routes.ts';

const document = createOpenApiDocument(SAMPLE_ROUTES, readApiInfo());

let folder: string;
let served: ServedRoutes;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-predict-test-'));
  served = await serveRoutes(createDocsRoutes({ document, publicFolder: pathToFileURL(`${folder}/`) }));
  await writeFile(join(folder, 'docs.html.gz'), gzipSync('<!doctype html>'));
  await writeFile(join(folder, 'docs.js.gz'), gzipSync('start();'));
  await writeFile(join(folder, 'docs.css.gz'), gzipSync('body {}'));
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${served.url}${path}`, { method, headers });
}

test.each([
  ['/openapi.json', 'application/json'],
  ['/docs', 'text/html; charset=utf-8'],
  ['/docs/assets/docs.js', 'text/javascript; charset=utf-8'],
  ['/docs/assets/docs.css', 'text/css; charset=utf-8'],
])('%s is %s, and taken for nothing else', async (path, type) => {
  const { status, headers } = await ask(path);
  expect({ status, type: headers.get('content-type'), sniffed: headers.get('x-content-type-options') }).toEqual({
    status: 200,
    type,
    sniffed: 'nosniff',
  });
});

test('the document is served as it is, compressed or not', async () => {
  expect(await (await ask('/openapi.json', { 'accept-encoding': 'gzip' })).json()).toEqual(document);
  expect(await (await ask('/openapi.json', { 'accept-encoding': 'identity' })).json()).toEqual(document);
});

describe.each(['gzip', 'identity'])('to a client that takes %s', (encoding) => {
  test('content comes so, with its length, and says that it depends on it', async () => {
    const response = await ask('/docs/assets/docs.js', { 'accept-encoding': encoding });
    expect(response.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    expect(response.headers.get('content-length')).toBe(String(encoding === 'gzip' ? gzipSync('start();').length : 8));
    expect(await response.text()).toBe('start();');
  });

  test('who has the content is told so, and gets none', async () => {
    const first = await ask('/docs', { 'accept-encoding': encoding });
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect(first.headers.get('cache-control')).toBe('no-cache');
    for (const known of [etag, `W/${etag}`, `"another", ${etag}`, '*']) {
      const again = await ask('/docs', { 'accept-encoding': encoding, 'if-none-match': known });
      expect({ status: again.status, etag: again.headers.get('etag'), text: await again.text() }).toEqual({
        status: 304,
        etag,
        text: '',
      });
    }
    expect((await ask('/docs', { 'accept-encoding': encoding, 'if-none-match': '"another"' })).status).toBe(200);
  });

  test('HEAD says what GET would', async () => {
    const headers = { 'accept-encoding': encoding };
    const [head, whole] = await Promise.all([ask('/docs', headers, 'HEAD'), ask('/docs', headers)]);
    expect(head.status).toBe(200);
    for (const name of ['etag', 'content-type', 'content-length', 'content-security-policy']) {
      expect(head.headers.get(name)).toBe(whole.headers.get(name));
    }
    expect(await head.text()).toBe('');
  });
});

test('the two encodings have different tags, as strong ones must', async () => {
  const tags = await Promise.all(['gzip', 'identity'].map((encoding) => ask('/docs', { 'accept-encoding': encoding })));
  expect(new Set(tags.map(({ headers }) => headers.get('etag'))).size).toBe(2);
});

test('a page may load our own files and nothing else, and be shown in no other page', async () => {
  const policy = (await ask('/docs')).headers.get('content-security-policy')!;
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; ");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
});

test.each([
  '/docs/assets/../docs-routes.ts',
  '/docs/assets/%2e%2e/docs-routes.ts',
  '/docs/assets/..%2fdocs-routes.ts',
  '/docs/assets/docs.js.gz',
  '/docs/assets/docs.html',
  '/docs/assets/',
  '/docs/assets/__proto__',
])('%s is not there', async (path) => {
  const [response] = await once(get(`${served.url}/`, { path }), 'response');
  response.resume();
  expect(response.statusCode).toBe(404);
});

test('a file that could not be read is tried again', async () => {
  expect((await ask('/redoc')).status).not.toBe(200);
  await writeFile(join(folder, 'redoc.html.gz'), gzipSync('<!doctype html>'));
  expect((await ask('/redoc')).status).toBe(200);
});
