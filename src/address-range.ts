import { BlockList, isIP } from 'node:net';

/** Which addresses are meant. */
export interface AddressRanges {
  has(address: string): boolean;
}

/** Ranges that have a name. */
const NAMED_RANGES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    loopback: ['127.0.0.0/8', '::1/128'],
    linklocal: ['169.254.0.0/16', 'fe80::/10'],
    private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
  }),
);

/** Whether `text` is `loopback`, `linklocal`, `private`, an address, or a network as `10.1.0.0/16` and `fd00::/8`. */
export function isAddressRange(text: string): boolean {
  return NAMED_RANGES.has(text) || parseNetwork(text) !== undefined;
}

/** @param texts of which each is an address range */
export function createAddressRanges(texts: readonly string[]): AddressRanges {
  const list = new BlockList();
  for (const text of texts.flatMap((text) => NAMED_RANGES.get(text) ?? [text])) {
    const { address, prefix, family } = parseNetwork(text)!;
    list.addSubnet(address, prefix, family);
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address.replace(/%.*/, ''), version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

interface Network {
  readonly address: string;
  /** Length, in bits. */
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', length] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const version = isIP(address);
  const maxPrefix = version === 6 ? 128 : 32;
  const prefix = Number(length ?? maxPrefix);
  if (version === 0 || prefix > maxPrefix) return undefined;
  return { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' };
}

/** An address as it is written in one way only: IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4. */
export function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** What an address belongs to that one customer has: itself, of IPv6 its network of 64 bits. */
export function customerNetwork(address: string): string {
  if (isIP(address) !== 6) return address;
  // The canonical form has no IPv4 in it, and at most one `::`.
  const canonical = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const missing = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
