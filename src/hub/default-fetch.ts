import type { Dispatcher } from 'undici';
import type { ProxySettings } from '../config.ts';
import { OnnxPredictError } from '../errors.ts';
import { selectProxy } from './select-proxy.ts';

/** What requests go through: the platform's `fetch`, or one that a caller put in its place. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Node's own `fetch`, which ignores the proxy variables of Node 20 and 22; undici's where one of them is set. */
export async function defaultFetch(proxies: ProxySettings): Promise<Fetch> {
  if (proxies.http === null && proxies.https === null) return (url, init) => fetch(url, init);
  const undici = await import('undici');
  const direct = new undici.Agent();
  const dispatchers = new Map<string, Dispatcher>();
  function dispatcherFor(url: URL): Dispatcher {
    const proxy = selectProxy(url, proxies);
    if (proxy === null) return direct;
    // A tunnel is for what is encrypted; plain requests are for the proxy to make.
    const proxyTunnel = url.protocol === 'https:';
    const key = `${proxyTunnel} ${proxy}`;
    const dispatcher = dispatchers.get(key) ?? new undici.ProxyAgent({ uri: parseProxy(proxy), proxyTunnel });
    dispatchers.set(key, dispatcher);
    return dispatcher;
  }
  return async (url, init) => {
    const options = { ...init, dispatcher: dispatcherFor(new URL(url)) } as import('undici').RequestInit;
    return (await undici.fetch(url, options)) as unknown as Response;
  };
}

function parseProxy(proxy: string): string {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  const message = 'HTTP_PROXY or HTTPS_PROXY is no http or https address; correct it, or exempt the Hub with NO_PROXY.';
  throw new OnnxPredictError('INVALID_ARGUMENT', message);
}
