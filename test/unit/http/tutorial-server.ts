import { createApp } from '../../../src/http/app.ts';
import { createHeldBytes } from '../../../src/http/body/held-bytes.ts';
import { DEFAULT_SERVER_SETTINGS, type ServerSettings } from '../../../src/http/server-settings.ts';
import { createTutorialRoutes, type TutorialParts } from '../../../src/http/tutorial/tutorial-routes.ts';
import { exchange, listen, type TestServer } from '../../http-exchange.ts';
import { standInEngine } from './stand-in-engine.ts';

/** An answer, parsed. */
export interface Answer {
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: unknown;
}

/** How the server under test differs from the default. */
export interface TutorialOptions {
  readonly engine?: Partial<TutorialParts['engine']>;
  readonly settings?: Partial<ServerSettings>;
  readonly spool?: NonNullable<TutorialParts['spool']>;
  readonly warnings?: string[];
}

/** Serves the tutorial's routes over a stand-in for the engine. */
export function serveTutorial({ engine, settings, spool, warnings = [] }: TutorialOptions = {}): Promise<TestServer> {
  const all = { ...DEFAULT_SERVER_SETTINGS, ...settings };
  const parts = {
    engine: { ...standInEngine(), ...engine },
    settings: all,
    heldBytes: createHeldBytes(all.maxHeldBytes),
    ...(spool === undefined ? {} : { spool }),
  };
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
  return listen(createApp({ routes: createTutorialRoutes(parts), settings: all, logger }).callback());
}

/** Sends one request and reads its answer. */
export async function ask(
  { port }: TestServer,
  target: string,
  {
    method = 'POST',
    headers = {},
    body,
  }: { method?: string; headers?: Readonly<Record<string, string>>; body?: Buffer | string } = {},
): Promise<Answer> {
  const bytes = Buffer.from(body ?? '');
  const lines = Object.entries({ Host: 'localhost', 'Content-Length': String(bytes.length), Connection: 'close', ...headers });
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const { status, headers: got, body: answer } = await exchange(port, Buffer.concat([Buffer.from(head), bytes]), method);
  const text = answer.toString();
  return { status, headers: got, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

export function askForSummary(server: TestServer, text: unknown, query = ''): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json' };
  return ask(server, `/predict/text_summarize${query}`, { headers, body: JSON.stringify({ text }) });
}

/** The headers and the body of a form with a file. */
export function fileForm(content: Buffer): { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer } {
  const head = '--bnd\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--bnd--\r\n')]);
  return { headers: { 'Content-Type': 'multipart/form-data; boundary=bnd' }, body };
}

export function askForLabel(server: TestServer, content: Buffer, query = ''): Promise<Answer> {
  return ask(server, `/predict/image_classes${query}`, fileForm(content));
}
