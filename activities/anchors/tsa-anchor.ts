import { randomBytes } from 'node:crypto';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import type { Anchor } from './anchor.ts';
import { ask, unwantedAnswer } from './ask.ts';

export interface TsaAnchorOptions {
  name?: string;
  url: string;
  /** CA certificates in DER: only stamps that lead to one of them are taken. */
  roots: readonly Uint8Array[];
  /** OID of the policy to stamp under. Default: the authority's. */
  policy?: string | undefined;
  fetch: GuardedFetch['fetch'];
  now: () => number;
}

/**
 * A time-stamp authority of RFC 3161 over HTTP. The whole note is stamped. The receipt is the response in base64, nonce and all:
 * `openssl ts -verify -in response.tsr -data checkpoint.note -CAfile roots.pem` checks it without this product.
 */
export function createTsaAnchor({ name = 'tsa', url, roots, policy, fetch, now }: TsaAnchorOptions): Anchor {
  return {
    name,
    driver: 'tsa',
    takes: 'newest',
    async publish({ note }) {
      // The library takes a tenth of a second and ten megabytes: processes that stamp nothing do without.
      const { openTimeStamp, timeStampRequest } = await import('./time-stamp.ts');
      const question = { message: Buffer.from(note), nonce: newNonce(), policy: policy ?? null, askedAtMs: now() };
      const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' };
      const { status, bytes } = await ask(fetch, url, { headers, body: timeStampRequest(question) });
      if (status !== 200) throw unwantedAnswer(status);
      await openTimeStamp(bytes, question, roots);
      return Buffer.from(bytes).toString('base64');
    },
  };
}

/** 64 bits that DER writes as they are: positive, and no zero byte in front. */
function newNonce(): Uint8Array {
  const nonce = randomBytes(8);
  nonce[0] = 0x40 | ((nonce[0] ?? 0) & 0x3f);
  return nonce;
}
