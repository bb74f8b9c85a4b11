import { BlockList, isIP } from 'node:net';

export interface AllowedTargets {
  hasTarget: (host: string, port: number) => boolean;
  hasAddress: (address: string) => boolean;
  hasNetworks: boolean;
}

/**
 * Reads what an operator allows: `receiver.internal:8080`, `[::1]:8080`, `10.1.0.0/16`. Throws on anything else, so that a mistake is seen
 * at the start and not when the first message is refused.
 */
export function readAllowedTargets(entries: readonly string[]): AllowedTargets {
  const targets = new Set<string>();
  // One list per family, as for blocked addresses.
  const networks = { 4: new BlockList(), 6: new BlockList() };
  let hasNetworks = false;

  for (const entry of entries) {
    const network = NETWORK.exec(entry);
    const target = TARGET.exec(entry);
    const family = isIP(network?.[1] ?? '');
    if (network !== null && (family === 4 || family === 6) && Number(network[2]) <= (family === 4 ? 32 : 128)) {
      networks[family].addSubnet(network[1] ?? '', Number(network[2]), family === 4 ? 'ipv4' : 'ipv6');
      hasNetworks = true;
    } else if (target !== null && URL.canParse(`http://${target[1]}/`)) {
      targets.add(`${bareHost(new URL(`http://${target[1]}/`))} ${target[2]}`);
    } else {
      throw new Error(`an allowed target is host:port or a network such as 10.1.0.0/16, not "${entry}"`);
    }
  }

  return {
    hasNetworks,
    hasTarget: (host, port) => targets.has(`${host} ${port}`),
    hasAddress(address) {
      const family = isIP(address);
      return (family === 4 || family === 6) && networks[family].check(address, family === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** A URL's host as the resolver and the lists know it: IPv6 without brackets. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const NETWORK = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/;
const TARGET = /^([^/?#@\s]+):(\d{1,5})$/;
