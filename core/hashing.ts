/** SHA-256 of UTF-8 text as lower-case hex. Injected, so that `core` runs in a browser too. */
export type Sha256Hex = (text: string) => string;

/** SHA-256 of bytes: 32 bytes. Injected like {@link Sha256Hex}. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;
