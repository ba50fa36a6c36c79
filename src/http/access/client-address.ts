import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Middleware } from 'koa';
import { type AddressRanges, plainAddress } from '../../address-range.ts';
import { requestState } from '../request-state.ts';

/** Who sent a request, as far as that is known. */
export interface RequestOrigin {
  readonly client: string;
  readonly scheme: 'http' | 'https';
}

/** Notes who sent a request: whoever is connected or, behind proxies that are trusted, who they say it was. */
export function noteClient(trusted: AddressRanges): Middleware {
  return (context, next) => {
    Object.assign(requestState(context), originOf(context.req, trusted));
    return next();
  };
}

/**
 * Follows `X-Forwarded-For` from its end, where the nearest proxy wrote, as long as who speaks is trusted. Before that anyone may
 * have written anything.
 */
export function originOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  trusted: AddressRanges,
): RequestOrigin {
  let client = plainAddress(socket.remoteAddress ?? '');
  const addresses = listOf(headers['x-forwarded-for']);
  let numTrusted = 0;
  while (trusted.has(client)) {
    numTrusted++;
    const before = addressIn(addresses.at(-numTrusted) ?? '');
    if (before === undefined) break;
    client = before;
  }
  if (numTrusted === 0) return { client, scheme: 'http' };
  const schemes = listOf(headers['x-forwarded-proto']);
  // Of proxies that all add theirs, what the farthest trusted one wrote; else the only one.
  const scheme = schemes[Math.max(0, schemes.length - numTrusted)];
  return { client, scheme: scheme?.toLowerCase() === 'https' ? 'https' : 'http' };
}

function listOf(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

/** Some proxies add a port. */
function addressIn(text: string): string | undefined {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = plainAddress(bracketed ?? dotted ?? text);
  return isIP(address) === 0 ? undefined : address;
}
