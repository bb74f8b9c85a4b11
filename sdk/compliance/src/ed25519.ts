/** Of WebCrypto, what is used here. */
interface Subtle {
  importKey(format: 'raw', key: Uint8Array, algorithm: 'Ed25519', extractable: boolean, usages: string[]): Promise<unknown>;
  verify(algorithm: 'Ed25519', key: unknown, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

/** RFC 8032 through WebCrypto. False for whatever is no key or no signature. */
export async function verifyEd25519(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  const subtle = await webCrypto();
  try {
    return await subtle.verify('Ed25519', await subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']), signature, message);
  } catch (error) {
    // An engine without the algorithm cannot say no.
    if ((error as Error).name === 'NotSupportedError') throw error;
    return false;
  }
}

/** Node 18 has it in a module only. The name is no literal, so that bundlers for the edge do not look for it. */
async function webCrypto(): Promise<Subtle> {
  const { crypto } = globalThis as { crypto?: { subtle: unknown } };
  if (crypto !== undefined) return crypto.subtle as Subtle;
  const module = 'node:crypto';
  const { webcrypto } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ module)) as { webcrypto: { subtle: unknown } };
  return webcrypto.subtle as Subtle;
}
