import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createAddressGuard, pinnedLookup } from '../../../activities/outbound/address-guard.ts';

test('a name is resolved once, and all of its addresses are handed out', async () => {
  const asked: string[] = [];
  const lookup = async (host: string): Promise<string[]> => {
    asked.push(host);
    return ['1.1.1.1', '2606:4700::1111'];
  };
  const guard = createAddressGuard({ lookup });
  expect(await guard.resolve('one.example', 443)).toEqual({ addresses: ['1.1.1.1', '2606:4700::1111'], allowed: false, named: false });
  expect(await guard.resolve('9.9.9.9', 443)).toEqual({ addresses: ['9.9.9.9'], allowed: false, named: false });
  expect(asked).toEqual(['one.example']);
});

test('a target is allowed by its name, or when all of its addresses are; a network never covers for its neighbours', async () => {
  const answers: Record<string, string[]> = {
    inside: ['10.1.0.1', '10.1.0.2'],
    mixed: ['10.1.0.1', '1.1.1.1'],
    astray: ['10.1.0.1', '10.2.0.1'],
    named: ['10.2.0.1'],
  };
  const guard = createAddressGuard({ lookup: async (host) => answers[host] ?? [], allowPrivate: ['10.1.0.0/16', 'named:8080'] });
  expect(await guard.resolve('inside', 80)).toMatchObject({ allowed: true, named: false });
  expect(await guard.resolve('named', 8080)).toMatchObject({ allowed: true, named: true });
  expect(await guard.resolve('mixed', 80)).toMatchObject({ allowed: false });
  for (const [host, port] of [['astray', 80] as const, ['named', 8081] as const]) {
    await expect(guard.resolve(host, port)).rejects.toMatchObject({ code: 'address-blocked' });
  }
});

test('the system resolves when nobody else does: localhost is blocked by its addresses', async () => {
  await expect(createAddressGuard({}).resolve('localhost', 443)).rejects.toMatchObject({ code: 'address-blocked' });
});

test('a connection goes to the pinned address, whatever its host is called', async () => {
  const server = createServer((socket) => socket.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  for (const autoSelectFamily of [true, false]) {
    const socket = connect({ host: 'no-such-name.invalid', port, lookup: pinnedLookup(['127.0.0.1']), autoSelectFamily });
    expect(String(await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject)))).toBe('here');
    socket.destroy();
  }
  await new Promise((resolve) => server.close(resolve));
});
