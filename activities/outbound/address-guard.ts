import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { readAllowedTargets } from './allowed-targets.ts';
import { isBlockedAddress } from './blocked-addresses.ts';
import { OutboundFailed, OutboundRefused, outboundFailure } from './outbound-error.ts';

/** The addresses of a name, as text. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface AddressGuardOptions {
  /** Targets an operator allows although they are not public: `host:port` as it stands in the URL, or networks such as `10.1.0.0/16`. */
  allowPrivate?: readonly string[];
  /** The system's resolver unless a test brings its own. */
  lookup?: Lookup;
}

export interface TestedAddresses {
  /** Connect to these and resolve nothing again: a second answer may be another one. */
  addresses: readonly string[];
  /** True where the operator allows this very host and port, or all of its addresses. */
  allowed: boolean;
  /** True where the operator allows this very host and port. */
  named: boolean;
}

export interface AddressGuard {
  /** False when no address could make the target an allowed one. */
  mayAllow: (host: string, port: number) => boolean;
  /** Resolves once and tests every address. Throws `OutboundRefused` when a single one is blocked, `OutboundFailed` when there is none. */
  resolve: (host: string, port: number) => Promise<TestedAddresses>;
}

export function createAddressGuard({ allowPrivate = [], lookup = lookUp }: AddressGuardOptions): AddressGuard {
  const allowed = readAllowedTargets(allowPrivate);
  return {
    mayAllow: (host, port) => allowed.hasTarget(host, port) || allowed.hasNetworks,
    async resolve(host, port) {
      const addresses = isIP(host) === 0 ? await lookup(host).catch((error: unknown) => Promise.reject(outboundFailure(error, host))) : [host];
      if (addresses.length === 0) throw new OutboundFailed('network', host);
      if (allowed.hasTarget(host, port)) return { addresses, allowed: true, named: true };
      // One bad address among good ones is how rebinding begins.
      if (addresses.some((address) => isBlockedAddress(address) && !allowed.hasAddress(address))) throw new OutboundRefused('address-blocked', host);
      return { addresses, allowed: addresses.every((address) => allowed.hasAddress(address)), named: false };
    },
  };
}

/** For `net.connect` and `tls.connect`: answers the tested addresses, whatever is asked. */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const pinned = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = pinned;
    if (options.all === true || first === undefined) callback(null, pinned);
    else callback(null, first.address, first.family);
  };
}

const lookUp: Lookup = async (host) => (await systemLookup(host, { all: true })).map(({ address }) => address);
