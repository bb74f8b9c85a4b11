import { callerNetwork } from '../../../api/access/caller-network.ts';

test('an IPv4 address is a network of its own, however it is written', () => {
  expect(callerNetwork('192.0.2.1')).not.toBe(callerNetwork('192.0.2.2'));
  expect(callerNetwork('::ffff:192.0.2.1')).toBe(callerNetwork('192.0.2.1'));
  expect(callerNetwork('::FFFF:c000:0201')).toBe(callerNetwork('192.0.2.1'));
  expect(callerNetwork('::ffff:192.0.2.1')).not.toBe(callerNetwork('::ffff:192.0.2.2'));
});

test('all IPv6 addresses of a /64 are one network, however they are written', () => {
  const same = ['2001:db8:0:7::1', '2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:0DB8:0000:0007::', '2001:db8:0:7:1:2:3:4', '2001:db8:0:7::192.0.2.1'];
  expect(new Set(same.map(callerNetwork))).toEqual(new Set(['2001:db8:0:7']));
  expect(callerNetwork('2001:db8::1')).toBe(callerNetwork('2001:db8:0:0:8::'));
  expect(callerNetwork('fe80::1%eth0')).toBe(callerNetwork('fe80::2'));
});

test('different /64 are different networks, those of short addresses too', () => {
  const different = ['2001:db8:0:7::1', '2001:db8:0:8::1', '2001:db8::1', '2001:db8:7::1', '::1', 'fe80::1', '1::'];
  expect(new Set(different.map(callerNetwork)).size).toBe(different.length);
});

test('what is no address is one caller, so that nobody gets new tries by writing something else', () => {
  expect(new Set(['', 'unknown', '192.0.2.1:4711', 'x'.repeat(10_000), '192.0.2.1]/'].map(callerNetwork)).size).toBe(1);
});
