import { type Browser, chromium, type Page } from 'playwright-core';
import { canRun, findProgram } from './command.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser that is installed, if one is. */
export const CHROMIUM = NAMES.filter((name) => canRun(name, ['--version'])).map(findProgram)[0];

/** Starts the browser; root needs it without a sandbox. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** What went wrong in a page, and what it asked others than the server for. */
export interface PageWatch {
  readonly problems: readonly string[];
  readonly strangers: readonly string[];
}

/** Listens to a page that has not been opened yet. Whatever its content security policy refuses is a message on its console. */
export function watchPage(page: Page, origin: string): PageWatch {
  const problems: string[] = [];
  const strangers: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('requestfailed', (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.url()}: ${response.status()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && protocol !== 'data:') strangers.push(request.url());
  });
  return { problems, strangers };
}
