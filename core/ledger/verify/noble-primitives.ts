import { hashes, verify } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { hexOf } from '../../encoding/hex.ts';
import { utf8 } from '../note.ts';
import type { LedgerPrimitives } from './primitives.ts';

// WebCrypto only answers later, and not at all on pages without TLS: a chain of millions of hashes needs them at once.
hashes.sha512 = sha512;

/** Hashes and signatures in plain JavaScript, for browsers. */
export const noblePrimitives: LedgerPrimitives = {
  sha256,
  sha256Hex: (text) => hexOf(sha256(utf8(text))),
  verify(publicKey, message, signature) {
    try {
      // As RFC 8032 has it, and Node.
      return verify(signature, message, publicKey, { zip215: false });
    } catch {
      // Bytes that are no key, or no signature.
      return false;
    }
  },
};
