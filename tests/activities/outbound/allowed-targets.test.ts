import { bareHost, readAllowedTargets } from '../../../activities/outbound/allowed-targets.ts';

test('a named target is that host on that port and nothing beside it', () => {
  const { hasTarget, hasNetworks } = readAllowedTargets(['Receiver.internal:8080', '127.0.0.1:443', '[::1]:9000']);
  expect([hasTarget('receiver.internal', 8080), hasTarget('127.0.0.1', 443), hasTarget('::1', 9000)]).toEqual([true, true, true]);
  expect([hasTarget('receiver.internal', 8081), hasTarget('internal', 8080), hasTarget('127.0.0.2', 443), hasNetworks]).toEqual([false, false, false, false]);
});

test('a network holds the addresses of its own family only', () => {
  const { hasAddress, hasNetworks } = readAllowedTargets(['10.1.0.0/16', 'fd00::/8', '::/0']);
  expect(hasNetworks).toBe(true);
  expect(['10.1.2.3', 'fd00::1', '::1'].every(hasAddress)).toBe(true);
  expect(['10.2.0.1', '127.0.0.1', 'localhost', ''].some(hasAddress)).toBe(false);
});

test.each(['10.1.0.0', '10.1.0.0/33', 'fd00::/129', 'localhost', 'http://localhost:80', 'a b:80', '', 'host:99999999'])(
  '"%s" is a mistake that is told at once',
  (entry) => {
    expect(() => readAllowedTargets([entry])).toThrow('an allowed target is');
  },
);

test('a host is known without the brackets of its URL', () => {
  expect([bareHost(new URL('http://[::1]:80/')), bareHost(new URL('http://EXAMPLE.com/'))]).toEqual(['::1', 'example.com']);
});
