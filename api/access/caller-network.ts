import { isIP } from 'node:net';

/**
 * The network by which a caller is counted: an IPv4 address, or the /64 of an IPv6 address, for one subscriber has all of that. What is no
 * address counts as one caller, whatever it says.
 */
export function callerNetwork(ip: string): string {
  const [bare = ''] = ip.split('%');
  const family = isIP(bare);
  if (family === 0) return 'unknown';
  // A URL writes every address in one way. IPv4 is mapped, as it arrives where both families share a port.
  const { hostname } = new URL(`http://[${family === 4 ? `::ffff:${bare}` : bare}]/`);
  const address = hostname.slice(1, -1);
  if (address.startsWith('::ffff:')) return address;
  const [head = [], tail = []] = address.split('::').map((groups) => groups.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, 4).join(':');
}
