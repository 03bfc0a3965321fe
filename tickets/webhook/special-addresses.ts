import { BlockList, isIP, isIPv4 } from 'node:net';

/** Ranges that lead to this machine, to a network of somebody's own, or nowhere (IANA's registries of special addresses). */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  // Shared address space: also where Alibaba Cloud tells a machine its own credentials.
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Public by its number: where Azure tells a machine of its own platform.
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // IPv4 in it leads where that leads: IPv4-compatible, NAT64, Teredo and others of 2001::/23, 6to4.
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
] as const;

/**
 * Whether a connection to an address is allowed: to any public one, and to a special one only where a range names it.
 *
 * @param allowNetworks - ranges in CIDR notation
 */
export function addressGuard(allowNetworks: readonly string[]): (address: string) => boolean {
  const [blocked, allowed] = [blockListOf(special), blockListOf(allowNetworks)];
  const isIn = (list: BlockList, address: string) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  return (given) => {
    const address = plain(given);
    if (isIP(address) === 0) return false;
    return isIn(allowed, address) || !isIn(blocked, address);
  };
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** An address without its zone; an IPv4 address that is written as IPv6 (`::ffff:0:0/96`) as what it is. */
function plain(address: string): string {
  const [bare = ''] = address.split('%');
  if (isIP(bare) !== 6) return bare;
  const { hostname } = new URL(`http://[${bare}]`);
  const [, high = '', low = ''] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === '') return bare;
  const bytes = [high, low].flatMap((part) => [parseInt(part, 16) >> 8, parseInt(part, 16) & 255]);
  return bytes.join('.');
}
