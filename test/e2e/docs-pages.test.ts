import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readApiInfo } from '../../src/http/api-info.ts';
import { createDocsRoutes } from '../../src/http/docs-routes.ts';
import { createOpenApiDocument } from '../../src/http/openapi.ts';
import { SAMPLE_ROUTES } from '../unit/http/sample-routes.ts';
import { type ServedRoutes, serveRoutes } from '../unit/http/serve-routes.ts';
import { CHROMIUM, launchChromium, type PageWatch, watchPage } from './browser.ts';

const routes = [
  ...SAMPLE_ROUTES,
  ...createDocsRoutes({
    document: createOpenApiDocument(SAMPLE_ROUTES, readApiInfo()),
    publicFolder: new URL('../../dist/http/public/', import.meta.url),
  }),
];

describe.skipIf(CHROMIUM === undefined)('in a browser (needs chromium)', () => {
  let browser: Browser;
  let page: Page;
  let served: ServedRoutes;
  let watch: PageWatch;

  beforeAll(async () => {
    browser = await launchChromium(CHROMIUM!);
  });
  afterAll(() => browser.close());

  // As it is, and behind a proxy that puts a prefix before every path.
  describe.each(['', '/tools/predict'])('at %s/', (prefix) => {
    beforeEach(async () => {
      served = await serveRoutes(routes, prefix);
      page = await browser.newPage();
      watch = watchPage(page, new URL(served.url).origin);
    });
    afterEach(async () => {
      await page.close();
      await served[Symbol.asyncDispose]();
    });

    test('Swagger UI shows every operation, tries one out and asks no other host', async () => {
      await page.goto(`${served.url}/docs`);
      await page.waitForSelector('.opblock >> nth=1');
      expect(await page.title()).toBe('onnx-predict');
      expect(await page.locator('.opblock').count()).toBe(2);
      expect(await page.locator('.info a.link').first().getAttribute('href')).toBe(`${served.url}/openapi.json`);

      await page.click('#operations-default-greet .opblock-summary');
      await page.click('#operations-default-greet .try-out__btn');
      await page.click('#operations-default-greet .execute');
      await page.waitForSelector('#operations-default-greet .live-responses-table');
      expect(await page.textContent('#operations-default-greet .live-responses-table')).toContain('hello from the sample');
      expect(watch).toEqual({ problems: [], strangers: [] });
    });

    test('Redoc shows every operation and asks no other host', async () => {
      await page.goto(`${served.url}/redoc`);
      await page.waitForSelector('[data-section-id="tag/default/operation/make_items"]');
      expect(await page.title()).toBe('onnx-predict');
      expect(await page.locator('[data-section-id*="/operation/"]').count()).toBe(2);

      await page.click('[data-section-id$="/make_items"] button:has-text("429")');
      await page.waitForSelector('[data-section-id$="/make_items"] >> text=detail');
      await page.click('[data-section-id$="/make_items"] >> text=/items >> nth=0');
      await page.waitForSelector(`text=${served.url}/items`);
      expect(watch).toEqual({ problems: [], strangers: [] });
    });
  });

  test('Swagger UI sends a file', async () => {
    served = await serveRoutes(routes);
    page = await browser.newPage();
    watch = watchPage(page, new URL(served.url).origin);
    await page.goto(`${served.url}/docs`);
    await page.click('#operations-default-make_items .opblock-summary');
    await page.selectOption('#operations-default-make_items .content-type', 'multipart/form-data');
    await page.click('#operations-default-make_items .try-out__btn');
    await page.setInputFiles('#operations-default-make_items input[type=file]', 'examples/ship.jpg');
    await page.click('#operations-default-make_items .execute');
    await page.waitForSelector('#operations-default-make_items .live-responses-table');
    expect(await page.textContent('#operations-default-make_items .live-responses-table')).toContain('ship.jpg');
    expect(watch).toEqual({ problems: [], strangers: [] });
    await page.close();
    await served[Symbol.asyncDispose]();
  });
});
