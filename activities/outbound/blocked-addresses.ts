import { BlockList, isIP } from 'node:net';

/**
 * True for every address that is not an ordinary host on the internet: loopback, private and link-local networks, shared and multicast
 * ranges, documentation, and IPv6 addresses that carry an IPv4 address. What is not an address is blocked too.
 */
export function isBlockedAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  switch (isIP(bare)) {
    case 4:
      return special4.check(bare, 'ipv4');
    case 6:
      return !globalUnicast6.check(bare, 'ipv6') || special6.check(bare, 'ipv6');
    default:
      return true;
  }
}

// One list per family: a list tests IPv4 addresses against its IPv6 rules as well, in their mapped form, so that a rule for ::ffff:0:0/96
// would block all of IPv4.
const special4 = new BlockList();
const special6 = new BlockList();
const globalUnicast6 = new BlockList();

/** IANA's registry of IPv4 special-purpose addresses, multicast, the reserved block, and one address of Azure. */
const SPECIAL_4: readonly [network: string, prefix: number][] = [
  ['0.0.0.0', 8], // "this" network; 0.0.0.0 connects to loopback on Linux
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT; Alibaba's metadata service is in it
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link local; the metadata service of most clouds
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments; Oracle's metadata service is in it
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // AMT
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarking
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
  ['168.63.129.16', 32], // Azure's platform service: a public address that every virtual machine reaches
];

/**
 * What is special inside 2000::/3. Outside of it nothing is a host on the internet: ::, ::1, mapped and translated IPv4 (::ffff:0:0/96,
 * 64:ff9b::/96, 64:ff9b:1::/48), discard, segment routing, unique local, link local and multicast addresses are all refused by that.
 */
const SPECIAL_6: readonly [network: string, prefix: number][] = [
  ['2001::', 23], // protocol assignments: Teredo, benchmarking, ORCHID
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: carries an IPv4 address
  ['2620:4f:8000::', 48], // AS112
  ['3fff::', 20], // documentation
];

for (const [network, prefix] of SPECIAL_4) special4.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of SPECIAL_6) special6.addSubnet(network, prefix, 'ipv6');
globalUnicast6.addSubnet('2000::', 3, 'ipv6');
