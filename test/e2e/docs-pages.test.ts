import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type SummaryResult } from 'onnx-predict';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fakeEngine } from '../unit/http/fake-engine.ts';
import { CHROMIUM, launchChromium, type PageWatch, watchPage } from './browser.ts';

const engine = fakeEngine({
  classify: async () => ({
    classLabel: 'arctic fox',
    score: 0.9,
    top: [{ label: 'arctic fox, white fox', score: 0.9, index: 279 }],
    model: { id: 'mit-b0', revision: null, dtype: 'fp32' },
    timings: { loadMs: 0, queueMs: 0, preprocessMs: 1, inferenceMs: 1 },
  }),
  summarize: async (text): Promise<SummaryResult> => ({
    summary: `In short: ${text}.`,
    outputIds: [0, 1],
    score: null,
    stopReason: 'eos',
    inputTokens: 3,
    droppedTokens: 0,
    truncated: false,
    outputTokens: 2,
    model: { id: 't5', revision: null, dtype: 'fp32' },
    timings: { loadMs: 0, queueMs: 0, tokenizeMs: 1, encodeMs: 1, decodeMs: 1, steps: 1 },
  }),
});

/** Every operation of the document, as the pages have it in their addresses. */
const OPERATIONS = [
  'root__get',
  'predict_img_class_predict_image_classes_post',
  'text_summarize_predict_text_summarize_post',
  'predict_batch_image_classes',
  'predict_batch_text_summarize',
  'models_list',
  'models_info',
  'inference',
  'engine_models',
  'engine_classify',
  'engine_summarize',
  'engine_unload',
  'oip_server_metadata',
  'oip_server_live',
  'oip_server_ready',
  'oip_model_metadata',
  'oip_model_metadata_version',
  'oip_model_ready',
  'oip_model_ready_version',
  'oip_infer',
  'oip_infer_version',
  'livez',
  'readyz',
  'metrics',
];

/** The server as it is, or behind a proxy that puts a prefix before every path. */
async function serve(prefix: string): Promise<AsyncDisposable & { readonly url: string }> {
  const answer = createServer(engine).callback();
  const proxy = createHttpServer((request, response) => {
    request.url = request.url!.startsWith(`${prefix}/`) ? request.url!.slice(prefix.length) : '/outside';
    answer(request, response);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}`,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

describe.skipIf(CHROMIUM === undefined).each(['', '/tools/predict'])('in a browser (needs chromium), at %s/', (prefix) => {
  let browser: Browser;
  let page: Page;
  let served: Awaited<ReturnType<typeof serve>>;
  let watch: PageWatch;

  beforeAll(async () => {
    browser = await launchChromium(CHROMIUM!);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    served = await serve(prefix);
    page = await browser.newPage();
    watch = watchPage(page, new URL(served.url).origin);
  });
  afterEach(async () => {
    await page.close();
    await served[Symbol.asyncDispose]();
  });

  /** Opens an operation of Swagger UI to be tried out. */
  async function tryOut(operationId: string): Promise<Locator> {
    const operation = page.locator(`.opblock[id$="-${operationId}"]`);
    await operation.locator('.opblock-summary').click();
    await operation.locator('.try-out__btn').click();
    return operation;
  }

  async function execute(operation: Locator): Promise<string | null> {
    await operation.locator('.execute').click();
    return operation.locator('.live-responses-table tr.response .response-col_description').first().textContent();
  }

  test('Swagger UI shows every operation, and what they answer, and asks no other host', async () => {
    await page.goto(`${served.url}/docs`);
    await page.waitForSelector('.opblock');
    expect(await page.title()).toBe('onnx-predict');
    for (const id of OPERATIONS) expect(await page.locator(`.opblock[id$="-${id}"]`).count()).toBe(1);
    expect(await page.locator('.opblock').count()).toBe(OPERATIONS.length);
    expect(await page.locator('.info a.link').first().getAttribute('href')).toBe(`${served.url}/openapi.json`);

    expect(await execute(await tryOut('root__get'))).toContain('Welcome');
    const summarize = await tryOut('text_summarize_predict_text_summarize_post');
    await summarize.locator('textarea').fill('{"text": "a long story"}');
    expect(await execute(summarize)).toContain('In short: a long story.');
    const classify = await tryOut('predict_img_class_predict_image_classes_post');
    await classify.locator('input[type=file]').setInputFiles('examples/ship.jpg');
    expect(await execute(classify)).toContain('arctic fox');
    expect(watch).toEqual({ problems: [], strangers: [] });
  });

  test('Redoc shows every operation, and where it is, and asks no other host', async () => {
    await page.goto(`${served.url}/redoc`);
    await page.waitForSelector('[data-section-id*="/operation/"]');
    expect(await page.title()).toBe('onnx-predict');
    for (const id of OPERATIONS) expect(await page.locator(`[data-section-id$="/operation/${id}"]`).count()).toBe(1);

    const summarize = page.locator(`[data-section-id$="/${OPERATIONS[2]}"]`);
    await summarize.locator('button:has-text("422")').first().click();
    await summarize.getByText('HTTPValidationError').or(summarize.getByText('Array of objects')).first().waitFor();
    await summarize.getByText('/predict/text_summarize').first().click();
    await page.getByText(`${served.url}/predict/text_summarize`).waitFor();
    expect(watch).toEqual({ problems: [], strangers: [] });
  });

  test('the page that ends a sign-in is there', async () => {
    const response = await page.goto(`${served.url}/docs/oauth2-redirect`);
    expect(response!.status()).toBe(200);
    expect(watch.strangers).toEqual([]);
  });
});
