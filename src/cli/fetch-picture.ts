import type { Dispatcher } from 'undici';
import { type ProxySettings, readHubEnvironment } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';

/** What bounds the fetching of one picture. */
export interface FetchLimits {
  /** Hosts, with their ports, that may be asked: those that the user named. */
  readonly hosts: ReadonlySet<string>;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** What a request is made by. */
export type FetchAddress = (address: string, signal: AbortSignal) => Promise<Response>;

const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const NOT_FOUND_STATUSES: ReadonlySet<number> = new Set([404, 410]);

/** Whether an argument is an address of the web, and no file. */
export function isAddress(argument: string): boolean {
  return /^https?:\/\//i.test(argument);
}

/**
 * Reads an address that may be asked: nobody's password is sent.
 * @throws OnnxPredictError INVALID_ARGUMENT
 */
export function parseAddress(address: string): URL {
  if (!URL.canParse(address))
    throw new OnnxPredictError('INVALID_ARGUMENT', `${address} is no address; write it as https://example.org/a.jpg.`);
  const url = new URL(address);
  if (url.username === '' && url.password === '') return url;
  const message = `The address at ${url.host} holds a user name or a password, which are not sent. Fetch it yourself: curl ... | onnx-predict classify -`;
  throw new OnnxPredictError('INVALID_ARGUMENT', message);
}

/**
 * Fetches a picture from a host that the user named, and from no other, wherever that host sends to. No cookie, key or password goes with it.
 * @throws OnnxPredictError INPUT_NOT_FOUND, INPUT_UNREADABLE, IMAGE_TOO_LARGE; the signal's reason once it is aborted
 */
export async function fetchPicture(
  address: string,
  limits: FetchLimits,
  signal: AbortSignal,
  ask?: FetchAddress,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const either = AbortSignal.any([signal, timeout]);
  try {
    const response = await followRedirects(parseAddress(address), limits.hosts, either, ask ?? (await directFetch()));
    return await readBody(response, address, limits.maxBytes, either);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OnnxPredictError) throw error;
    const problem = timeout.aborted
      ? `did not arrive within ${limits.timeoutMs / 1000} s`
      : `cannot be fetched (${reasonOf(error)})`;
    throw new OnnxPredictError('INPUT_UNREADABLE', `${address} ${problem}.`, { cause: error });
  }
}

async function followRedirects(
  first: URL,
  hosts: ReadonlySet<string>,
  signal: AbortSignal,
  ask: FetchAddress,
): Promise<Response> {
  let url = first;
  for (let numRedirects = 0; numRedirects <= MAX_REDIRECTS; numRedirects++) {
    const response = await ask(url.href, signal);
    const location = REDIRECT_STATUSES.has(response.status) ? response.headers.get('location') : null;
    if (location === null) return checkStatus(response, url);
    await response.body?.cancel().catch(() => {});
    url = resolveRedirect(location, url, hosts);
  }
  throw new OnnxPredictError('INPUT_UNREADABLE', `${first.href} leads on and on; give the address of the picture itself.`);
}

function resolveRedirect(location: string, from: URL, hosts: ReadonlySet<string>): URL {
  const refuse = (problem: string) => new OnnxPredictError('INPUT_UNREADABLE', `${from.href} ${problem}`);
  if (!URL.canParse(location, from.href)) throw refuse('leads to no address.');
  const url = new URL(location, from.href);
  if (!isAddress(url.href)) throw refuse(`leads to ${url.protocol}, which is not followed.`);
  if (!hosts.has(url.host))
    throw refuse(`leads to the host ${url.host}, which you did not name. Give the address there, if that is meant.`);
  if (from.protocol === 'https:' && url.protocol === 'http:') throw refuse('leads from https to http, which is not followed.');
  if (url.username !== '' || url.password !== '') throw refuse('leads to an address with a password, which is not followed.');
  return url;
}

async function checkStatus(response: Response, { href }: URL): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel().catch(() => {});
  const code = NOT_FOUND_STATUSES.has(response.status) ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE';
  throw new OnnxPredictError(code, `${href} answers with status ${response.status}.`);
}

async function readBody(
  { headers, body }: Response,
  address: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const tooLarge = () => {
    const message = `${address} is longer than ${formatBytes(maxBytes)}, which is the most that is fetched (--max-download-mb).`;
    return new OnnxPredictError('IMAGE_TOO_LARGE', message);
  };
  if (Number(headers.get('content-length')) > maxBytes) {
    await body?.cancel().catch(() => {});
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let numBytes = 0;
  for await (const chunk of body ?? []) {
    signal.throwIfAborted();
    numBytes += chunk.length;
    // Leaving the loop ends the connection.
    if (numBytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undici's, through the proxies that the environment names. */
async function directFetch(proxies: ProxySettings = readHubEnvironment().proxies): Promise<FetchAddress> {
  const undici = await import('undici');
  const headers = { 'user-agent': 'onnx-predict', accept: 'image/*', 'accept-encoding': 'identity' };
  return async (address, signal) => {
    // A tunnel is for what is encrypted; plain requests are for the proxy to make.
    const proxyTunnel = address.startsWith('https:');
    const proxy = proxyTunnel ? proxies.https : proxies.http;
    const dispatcher: Dispatcher =
      proxy === null
        ? new undici.Agent()
        : new undici.EnvHttpProxyAgent({ httpProxy: proxy, httpsProxy: proxy, noProxy: proxies.noProxy, proxyTunnel });
    const options = { headers, redirect: 'manual', credentials: 'omit', signal, dispatcher } as const;
    return (await undici.fetch(address, options)) as unknown as Response;
  };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause));
}
