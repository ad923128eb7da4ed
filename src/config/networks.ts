/**
 * Addresses and networks of the Internet Protocol, as texts. Pure; any thread.
 */
import { BlockList, isIP } from 'node:net';

const cidrPattern = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i;

/** Where proxies stand unless said otherwise: this machine and private networks (RFC 1918, RFC 4193). */
export const privateNetworks: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
];

/** `[::1]:80`, `[::1]` and `1.2.3.4:80`, as some proxies write them. */
const withPort = /^(?:\[([^\]]+)\](?::\d+)?|([0-9.]+):\d+)$/;

/** An address in its usual form: IPv4 that came in IPv6 as IPv4, no zone, no port. Empty when it is none. */
export function normalized(text: string): string {
  const [, v6, v4] = withPort.exec(text) ?? [];
  const address = (v6 ?? v4 ?? text).replace(/%.*$/, '').toLowerCase();
  const mapped = /^(?:::ffff:|(?:0{1,4}:){5}ffff:)(.+)$/.exec(address)?.[1];
  if (mapped === undefined) return isIP(address) === 0 ? '' : address;
  if (isIP(mapped) === 4) return mapped;
  const words = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(mapped);
  if (words === null) return '';
  const bits = Number.parseInt(words[1]!, 16) * 0x10000 + Number.parseInt(words[2]!, 16);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/**
 * Who is one peer to a limit: an address of IPv4, the first 64 bits of one of IPv6, as a host may use any number of addresses in them.
 * `address` is normalized.
 */
export function peerOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('::') as [string, string | undefined];
  const words = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  while (tail !== undefined && words.length + behind < 8) words.push('0');
  return `${words
    .concat(tail?.split(':') ?? [])
    .slice(0, 4)
    .map((word) => Number.parseInt(word, 16).toString(16))
    .join(':')}::/64`;
}

export class Networks {
  private readonly list = new BlockList();

  /** `cidrs` have been checked with `problemOfCidr`. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [, address, prefix] = cidrPattern.exec(cidr)!;
      const family = isIP(address!) === 6 ? 'ipv6' : 'ipv4';
      this.list.addSubnet(address!, Number(prefix ?? (family === 'ipv6' ? 128 : 32)), family);
    }
  }

  /** `address` is normalized. */
  include(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** What is wrong with a network's text, or null. */
export function problemOfCidr(text: string): string | null {
  const [, address, prefix] = cidrPattern.exec(text) ?? [];
  const version = isIP(address ?? '');
  if (version === 0 || Number(prefix ?? 0) > (version === 6 ? 128 : 32)) {
    return 'expected a network such as 52.112.0.0/14 or 2603:1027::/48';
  }
  return null;
}
