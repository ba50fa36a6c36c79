import { OnnxPredictError } from '../errors.ts';
import type { HubConnection } from './hub-connection.ts';

const MAX_REDIRECTS = 5;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = 'onnx-predict';

export interface HubRequest {
  readonly method: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Redirects to other hosts are answers, not followed: their headers describe the file that they lead to. */
  readonly stayOnHub?: boolean;
}

/** An answer, and what the Hub said of the file before it sent us elsewhere. */
export interface HubAnswer {
  readonly response: Response;
  /** A header of the first answer in the chain that has it. */
  hubHeader(name: string): string | null;
}

/**
 * Asks an address of the Hub. The token goes to the Hub's own origin and to no other, whatever redirects say; only http and https
 * are followed, never from https down to http, and only so far.
 * @throws OnnxPredictError HUB_INVALID_ANSWER for a redirect that is not followed; what `fetch` throws
 */
export async function followRedirects(
  address: string,
  request: HubRequest,
  { fetch, origin, token }: HubConnection,
): Promise<HubAnswer> {
  const first = new URL(address);
  if (origin.startsWith('https:') && first.protocol !== 'https:')
    throw invalidRedirect('leads from https to http', new URL(origin));
  const { authorization, ...given } = request.headers ?? {};
  const bearer = token === null ? undefined : `Bearer ${token}`;
  let url = first;
  const answers: Response[] = [];
  for (let numRedirects = 0; ; numRedirects++) {
    // What has left the Hub is not the Hub's any more, wherever it leads then.
    const onHub = url.origin === origin && answers.length === numRedirects;
    const credentials = onHub ? bearer : numRedirects === 0 ? authorization : undefined;
    const headers = {
      'user-agent': USER_AGENT,
      // A compressed body could not be continued, nor compared with the declared size.
      'accept-encoding': 'identity',
      ...given,
      ...(credentials === undefined ? {} : { authorization: credentials }),
    };
    const response = await fetch(url.href, { method: request.method, headers, signal: request.signal, redirect: 'manual' });
    // The headers of other hosts say nothing of the Hub's files.
    if (onHub) answers.push(response);
    const location = REDIRECT_STATUSES.has(response.status) ? response.headers.get('location') : null;
    const next = location === null ? undefined : resolveRedirect(location, url);
    if (next === undefined || (request.stayOnHub === true && next.origin !== origin)) {
      return { response, hubHeader: (name) => firstHeader(answers, name) };
    }
    await response.body?.cancel().catch(() => {});
    if (numRedirects >= MAX_REDIRECTS) throw invalidRedirect('leads on and on', url);
    url = next;
  }
}

function resolveRedirect(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalidRedirect('leads to no http or https address', from);
  if (from.protocol === 'https:' && url.protocol === 'http:') throw invalidRedirect('leads from https to http', from);
  if (url.username !== '' || url.password !== '') throw invalidRedirect('leads to an address with a password', from);
  return url;
}

function firstHeader(answers: readonly Response[], name: string): string | null {
  for (const { headers } of answers) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return null;
}

function invalidRedirect(problem: string, from: URL): OnnxPredictError {
  return new OnnxPredictError('HUB_INVALID_ANSWER', `A redirect of ${from.host} ${problem}; it was not followed.`);
}
