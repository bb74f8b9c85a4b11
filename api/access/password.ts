import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** OWASP's cost for scrypt: N = 2^15, r = 8, p = 1; 32 MiB and some 80 ms a time. */
const COST = { ln: 15, r: 8, p: 1 };
const HASH_BYTES = 32;
const ENCODED = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`: the parameters travel with the hash, so that they can be raised later. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(hash)}`;
}

/** False for a wrong password, and, after the same work, where there is no usable hash at all. */
export async function passwordMatches(password: string, encoded: string | null): Promise<boolean> {
  const [, ln, r, p, salt, hash] = ENCODED.exec(encoded ?? '') ?? [];
  if (salt === undefined || hash === undefined) {
    await derive(password, NOBODY, COST);
    return false;
  }
  const derived = await derive(password, Buffer.from(salt, 'base64'), { ln: Number(ln), r: Number(r), p: Number(p) });
  return timingSafeEqual(derived, Buffer.from(hash, 'base64'));
}

const NOBODY = randomBytes(16);

function derive(password: string, salt: Uint8Array, { ln, r, p }: typeof COST): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    // NFKC, so that one password typed on two keyboards is the same.
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '');
}
