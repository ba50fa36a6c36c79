import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createAddressRanges } from '../../../../src/address-range.ts';
import { originOf } from '../../../../src/http/access/client-address.ts';

const trusted = createAddressRanges(['loopback', '10.0.0.0/8']);

function origin(remoteAddress: string | undefined, forwardedFor?: string, forwardedProto?: string) {
  const headers = {
    ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
    ...(forwardedProto === undefined ? {} : { 'x-forwarded-proto': forwardedProto }),
  };
  return originOf({ socket: { remoteAddress } as IncomingMessage['socket'], headers }, trusted);
}

describe('the client', () => {
  test.each([
    ['is who is connected where nothing else is said', '127.0.0.1', undefined, '127.0.0.1'],
    ['is who is connected where that one is not trusted, whatever it says', '192.0.2.9', '8.8.8.8', '192.0.2.9'],
    ['is whom a trusted proxy names', '127.0.0.1', '192.0.2.9', '192.0.2.9'],
    [
      'is the nearest that is not trusted: what stands before it was written by anyone',
      '10.0.0.1',
      '8.8.8.8, 192.0.2.9',
      '192.0.2.9',
    ],
    ['is behind several proxies, if all are trusted', '127.0.0.1', '8.8.8.8, 192.0.2.9, 10.0.0.2,10.0.0.3', '192.0.2.9'],
    ['is the farthest of those who are all trusted', '127.0.0.1', '10.0.0.7, 10.0.0.2', '10.0.0.7'],
    ['is named with a port by some proxies', '127.0.0.1', '192.0.2.9:4711', '192.0.2.9'],
    ['may have an address of IPv6', '127.0.0.1', '2001:db8::1', '2001:db8::1'],
    ['may have one in brackets', '127.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['is the proxy where that one names nobody', '127.0.0.1', 'unknown', '127.0.0.1'],
    ['is the proxy before which nothing stands that is an address', '127.0.0.1', '8.8.8.8, <x>, 10.0.0.2', '10.0.0.2'],
    ['has an address of IPv4 on a socket for both', '::ffff:127.0.0.1', '192.0.2.9', '192.0.2.9'],
    ['is nobody once the connection is closed', undefined, '192.0.2.9', ''],
  ])('%s', (_, peer, forwardedFor, client) => expect(origin(peer, forwardedFor).client).toBe(client));
});

describe('the scheme', () => {
  test.each([
    ['is http where no proxy is trusted', '192.0.2.9', '8.8.8.8', 'https', 'http'],
    ['is what a trusted proxy says', '127.0.0.1', '192.0.2.9', 'HTTPS', 'https'],
    ['is what the nearest one says of one that writes what it likes', '127.0.0.1', '192.0.2.9', 'https, http', 'http'],
    ['is what the farthest of the trusted says', '127.0.0.1', '192.0.2.9, 10.0.0.2', 'https, http', 'https'],
    ['is the only one that is told', '127.0.0.1', '192.0.2.9, 10.0.0.2', 'https', 'https'],
    ['is http where it is told to be anything else', '127.0.0.1', '192.0.2.9', 'gopher', 'http'],
  ])('%s', (_, peer, forwardedFor, forwardedProto, scheme) => {
    expect(origin(peer, forwardedFor, forwardedProto).scheme).toBe(scheme);
  });
});
