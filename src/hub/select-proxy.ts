import type { ProxySettings } from '../config.ts';

/** The proxy that a request for `url` goes through, by the variables' common rules; null if it goes directly. */
export function selectProxy(url: URL, proxies: ProxySettings): string | null {
  const proxy = url.protocol === 'https:' ? proxies.https : proxies.http;
  return proxy === null || isExempt(url, proxies.noProxy) ? null : withScheme(proxy);
}

/** NO_PROXY: `*`, or host names that also mean their subdomains, each with an optional port. */
function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', entryPort] = /^(\[[^\]]*\]|[^:]*|.*?:.*:.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      if (entryPort !== undefined && entryPort !== port) return false;
      const suffix = name.replace(/^\*?\.?/, '');
      return suffix !== '' && (host === suffix || host === `[${suffix}]` || host.endsWith(`.${suffix}`));
    });
}

function withScheme(proxy: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}
