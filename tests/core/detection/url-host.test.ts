import * as fc from 'fast-check';
import { isAllowedHost, urlHost } from '../../../core/detection/url-host.ts';

describe('urlHost', () => {
  it.each([
    ['https://API.Example.com./x', 'api.example.com'],
    ['https://good.example.com@example.net/', 'example.net'],
    ['example.com:8080/x', 'example.com'],
    ['https://0x7f.1/', '127.0.0.1'],
    ['https://[2001:db8::1]/', '2001:db8::1'],
    ['https://BÜCHER.example.com/', 'xn--bcher-kva.example.com'],
    ['wss://live.example.com/feed', 'live.example.com'],
    ['//cdn.example.com/a', 'cdn.example.com'],
  ])('finds the host a client would reach in %j', (url, host) => {
    expect(urlHost(url)).toEqual({ host, ambiguous: false });
  });

  it('marks URLs on which clients disagree', () => {
    expect(urlHost('https://example.com\\@example.net/')?.ambiguous).toBe(true);
  });

  it('does not take for one host what a client may split into several', () => {
    expect(urlHost('mongodb://example.net,a.example.com/x')?.ambiguous).toBe(true);
  });

  it('does not cut off the end of a long user name, and with it the host', () => {
    const name = `${'a'.repeat(4096 - 'https://.example.com'.length)}.example.com`;
    expect(urlHost(`https://${name}@example.net/`)).toBeNull();
    expect(urlHost(`https://example.com/?${'q'.repeat(9000)}`)?.host).toBe('example.com');
  });

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => expect(urlHost(text)?.host ?? 'none').not.toBe('')));
  });
});

describe('isAllowedHost', () => {
  it('accepts the host itself and its subdomains, nothing that merely ends or starts alike', () => {
    expect(['example.com', 'a.example.com'].every((host) => isAllowedHost(host, ['Example.com']))).toBe(true);
    expect(['notexample.com', 'example.com.example.net', 'example.net'].some((host) => isAllowedHost(host, ['example.com']))).toBe(false);
  });

  it('compares addresses exactly', () => {
    expect(isAllowedHost('192.0.2.1', ['192.0.2.1'])).toBe(true);
    expect(isAllowedHost('192.0.2.11', ['192.0.2.1'])).toBe(false);
  });
});
