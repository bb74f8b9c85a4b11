import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a one-click link says: this person may decide this very action of this review, once, until then. */
export interface ReviewLink {
  orgId: string;
  reviewId: string;
  memberId: string;
  /** `actionDigest` of the review when the link was made. */
  digest: string;
  expiresAtMs: number;
  /** Names the link: 128 bits that only the holder of the master key can tell beforehand. */
  id: string;
}

export interface ReviewLinks {
  /** `purpose` names what the link is made for: the same purpose again gives the same id, so that a message sent twice holds one use. */
  mint: (link: Omit<ReviewLink, 'id'>, purpose: string) => string;
  /** Null for what is garbled, cut or not ours; nobody outside learns which. Whether it has expired is the caller's to see. */
  read: (token: string) => ReviewLink | null;
}

/**
 * Links that need no sign-in. `base64url(claims).base64url(HMAC-SHA-256)` under a key of their own, derived from the master key.
 * @param masterKey at least 32 random bytes, kept outside the database
 */
export function createReviewLinks(masterKey: Uint8Array): ReviewLinks {
  const key = (use: string): Uint8Array => new Uint8Array(hkdfSync('sha256', masterKey, '', `mastguard/review-link-${use}/v1`, 32));
  const signing = key('mac');
  const naming = key('id');
  const macOf = (claims: string): string => createHmac('sha256', signing).update(claims).digest('base64url');

  return {
    mint({ orgId, reviewId, memberId, digest, expiresAtMs }, purpose) {
      const id = createHmac('sha256', naming).update(`${orgId}/${reviewId}/${memberId}/${digest}/${purpose}`).digest().subarray(0, 16).toString('base64url');
      const claims = Claims.parse({ v: 1, o: orgId, r: reviewId, m: memberId, d: digest, e: Math.floor(expiresAtMs / 1_000), j: id });
      const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return `${text}.${macOf(text)}`;
    },
    read(token) {
      const [, claims, mac] = TOKEN.exec(token) ?? [];
      if (claims === undefined || mac === undefined) return null;
      // As text, not as bytes: the last character of base64 has spare bits, and every token must have one spelling.
      if (!timingSafeEqual(Buffer.from(macOf(claims)), Buffer.from(mac))) return null;
      const { o, r, m, d, e, j } = Claims.parse(JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')));
      return { orgId: o, reviewId: r, memberId: m, digest: d, expiresAtMs: e * 1_000, id: j };
    },
  };
}

const Claims = z.strictObject({
  v: z.literal(1),
  o: z.uuid(),
  r: z.string().min(1).max(128),
  m: z.string().min(1).max(128),
  d: z.string().regex(/^[0-9a-f]{64}$/),
  e: z.int().positive(),
  j: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
});

const TOKEN = /^([A-Za-z0-9_-]{16,1200})\.([A-Za-z0-9_-]{43})$/;
