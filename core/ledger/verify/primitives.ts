import type { Sha256, Sha256Hex } from '../../hashing.ts';
import type { Ed25519Verify } from '../note.ts';

/** What a verifier is given from outside: Node's, or a browser's. */
export interface LedgerPrimitives {
  sha256: Sha256;
  sha256Hex: Sha256Hex;
  verify: Ed25519Verify;
}
