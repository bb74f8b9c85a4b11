/** SHA-256 of UTF-8 text as lower-case hex. Injected, so that `core` runs in a browser too. */
export type Sha256Hex = (text: string) => string;
