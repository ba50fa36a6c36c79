import { describe, expect, test } from 'vitest';
import { createAddressRanges, customerNetwork, isAddressRange, plainAddress } from '../../src/address-range.ts';

test.each(['loopback', 'private', 'linklocal', '10.1.2.3', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '::/0'])(
  '%s is a range of addresses',
  (text) => expect(isAddressRange(text)).toBe(true),
);

test.each(['', 'all', 'toString', '10.1', '10.0.0.0/33', '10.0.0.0/', 'fd00::/129', '10.0.0.0/-1', 'example.org', '*'])(
  '%j is none',
  (text) => expect(isAddressRange(text)).toBe(false),
);

describe('ranges', () => {
  const ranges = createAddressRanges(['loopback', 'private', '203.0.113.7', '2001:db8::/32']);

  test.each(['127.0.0.1', '127.9.9.9', '::1', '10.2.3.4', '172.31.0.1', '192.168.1.1', 'fd12::1', '203.0.113.7', '2001:db8:1::'])(
    'have %s',
    (address) => expect(ranges.has(address)).toBe(true),
  );

  test.each(['128.0.0.1', '172.32.0.1', '203.0.113.8', '2001:db9::', 'fe80::1', 'fe80::1%eth0', '', 'unknown'])(
    'do not have %j',
    (address) => expect(ranges.has(address)).toBe(false),
  );

  test('have an address of IPv4 however it is written', () => expect(ranges.has('::ffff:10.0.0.1')).toBe(true));

  test('have a whole kind of addresses where that is meant', () => {
    expect(createAddressRanges(['0.0.0.0/0']).has('8.8.8.8')).toBe(true);
    expect(createAddressRanges(['::/0']).has('2001:db8::1')).toBe(true);
  });
});

test('an address of IPv4 in IPv6 is one of IPv4', () => {
  expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(plainAddress('::1')).toBe('::1');
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('what belongs to who has %s is counted as %s', (address, network) => expect(customerNetwork(address)).toBe(network));
