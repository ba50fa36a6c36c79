import { access } from 'node:fs/promises';
import { type HubEnvironment, readHubEnvironment } from '../config.ts';

/** One thing that the environment says of the Hub and the network. */
export interface HubFact {
  readonly name: string;
  readonly value: string;
  readonly source: 'environment' | 'file' | 'default';
}

/** What the environment says of the Hub and the network, with no secret in it. */
export async function readHubFacts(environment = readHubEnvironment(), usual = readHubEnvironment({})): Promise<HubFact[]> {
  const fact = (name: string, read: (from: HubEnvironment) => string): HubFact => {
    const value = read(environment);
    return { name, value, source: value === read(usual) ? 'default' : 'environment' };
  };
  return [
    fact('endpoint', ({ endpoint }) => withoutPassword(endpoint)),
    fact('cache-dir', ({ cacheDir }) => cacheDir),
    fact('offline', ({ offline }) => String(offline)),
    await tokenFact(environment),
    fact('http-proxy', ({ proxies }) => withoutPassword(proxies.http ?? 'none')),
    fact('https-proxy', ({ proxies }) => withoutPassword(proxies.https ?? 'none')),
    fact('no-proxy', ({ proxies }) => proxies.noProxy || 'none'),
  ];
}

async function tokenFact({ token, tokenPath }: HubEnvironment): Promise<HubFact> {
  if (token !== null) return { name: 'token', value: 'set', source: 'environment' };
  const isThere =
    tokenPath !== null &&
    (await access(tokenPath).then(
      () => true,
      () => false,
    ));
  return isThere
    ? { name: 'token', value: `set (${tokenPath})`, source: 'file' }
    : { name: 'token', value: 'not set', source: 'default' };
}

/** An address without who asks and how they prove it. */
function withoutPassword(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1***@');
}
