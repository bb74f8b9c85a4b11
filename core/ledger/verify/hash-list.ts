import type { Hash } from '../merkle.ts';

/** Hashes in order, at 32 bytes each however many there are. */
export interface HashList {
  readonly length: number;
  push(hash: Hash): void;
  /** Of an index below `length`. */
  at(index: number): Hash;
}

const HASH_BYTES = 32;

export function createHashList(): HashList {
  let bytes = new Uint8Array(64 * HASH_BYTES);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(hash) {
      if ((length + 1) * HASH_BYTES > bytes.length) {
        const larger = new Uint8Array(2 * bytes.length);
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(hash, length * HASH_BYTES);
      length += 1;
    },
    at: (index) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  };
}
