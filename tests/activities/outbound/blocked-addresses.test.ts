import { isBlockedAddress } from '../../../activities/outbound/blocked-addresses.ts';

test.each([
  ['this network', ['0.0.0.0', '0.255.255.255']],
  ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
  ['private networks', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd00:ec2::254']],
  ['link local and metadata services', ['169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16', 'fe80::1', 'fe80::1%eth0']],
  ['carrier-grade NAT', ['100.64.0.0', '100.127.255.255']],
  ['multicast and broadcast', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']],
  ['test networks and benchmarking', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '198.18.0.1', '198.19.255.255', '2001:2::1', '2001:db8::1', '3fff::1']],
  ['relays', ['192.88.99.1', '240.0.0.1']],
  ['IPv6 that carries IPv4', ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::', '2001::7f00:1']],
  ['other IPv6', ['::', '100::1', '5f00::1', 'fec0::1', '4000::1']],
  ['what is no address', ['', 'localhost', '127.1', '2130706433', '1.2.3.4.5']],
])('%s: blocked', (_what, addresses) => {
  expect(addresses.filter((address) => !isBlockedAddress(address))).toEqual([]);
});

test('neighbours of blocked networks, and hosts on the internet, are not blocked', () => {
  const open = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.1', '169.253.255.255', '172.15.255.255'];
  const more = ['172.32.0.0', '192.167.255.255', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1111', '2001:200::1', '2a00:1450:4001::1'];
  expect([...open, ...more].filter(isBlockedAddress)).toEqual([]);
});
