import { decodeBase64, encodeBase64 } from './base64.ts';
import { verifyEd25519 } from './ed25519.ts';
import { MastGuardError, MastGuardWebhookVerificationError } from './errors.ts';
import { concat, hmacSha256 } from './sha256.ts';
import { type ClaimedSignature, type GivenSignature, readSignature } from './webhook-signature.ts';

export interface WebhookOptions {
  /** `whsec_…` of the endpoint. Several while one is rotated out: any of them will do. */
  secret?: string | readonly string[] | undefined;
  /** `whpk_…`, for `verifyAsync`. */
  publicKey?: string | readonly string[] | undefined;
  /** How far the clocks may be apart; what is older is taken for a replay. Default: five minutes. */
  toleranceMs?: number | undefined;
  /** Milliseconds since 1970, for tests. */
  now?: (() => number) | undefined;
}

/** As it arrived: text or bytes. JSON that has been parsed and written again is another text, and its signature does not fit. */
export type RawBody = string | Uint8Array | ArrayBuffer;

export interface WebhookEvent<Data = Record<string, unknown>> {
  /** The same in every delivery of the message: a second one is to be ignored. */
  id: string;
  type: string;
  /** RFC 3339. */
  timestamp: string;
  data: Data;
}

/**
 * Verifies webhooks: those of MastGuard, and any others signed as Standard Webhooks has it.
 * @example const event = new MastGuardWebhooks({ secret: 'whsec_…' }).verify(rawBody, request.headers)
 */
export class MastGuardWebhooks {
  readonly #secrets: readonly Uint8Array[];
  readonly #publicKeys: readonly Uint8Array[];
  readonly #toleranceMs: number;
  readonly #now: () => number;

  /** @throws MastGuardError `invalid-secret` where a secret or public key is none */
  constructor({ secret = [], publicKey = [], toleranceMs = 300_000, now = Date.now }: WebhookOptions = {}) {
    this.#secrets = [secret].flat().map((text) => keyOf(text, 'whsec_', 24));
    this.#publicKeys = [publicKey].flat().map((text) => keyOf(text, 'whpk_', 32));
    this.#toleranceMs = toleranceMs;
    this.#now = now;
  }

  /**
   * Checks an HMAC signature (`v1`) and its age, and answers the message.
   * @throws MastGuardWebhookVerificationError
   */
  verify<Data = Record<string, unknown>>(rawBody: RawBody, signature: GivenSignature): WebhookEvent<Data> {
    if (this.#secrets.length === 0) throw refused('no-secret', 'there is no secret to verify with');
    const { claimed, body, signed } = this.#read(rawBody, signature);
    if (!this.#isSigned(claimed, signed)) throw refused('bad-signature', 'no signature fits');
    return eventOf<Data>(body, claimed.id);
  }

  /** The same, and takes an ed25519 signature (`v1a`) where a public key was given. */
  async verifyAsync<Data = Record<string, unknown>>(rawBody: RawBody, signature: GivenSignature): Promise<WebhookEvent<Data>> {
    if (this.#secrets.length + this.#publicKeys.length === 0) throw refused('no-secret', 'there is no secret and no public key to verify with');
    const { claimed, body, signed } = this.#read(rawBody, signature);
    if (!this.#isSigned(claimed, signed) && !(await this.#isSignedByKey(claimed, signed))) throw refused('bad-signature', 'no signature fits');
    return eventOf<Data>(body, claimed.id);
  }

  #read(rawBody: RawBody, signature: GivenSignature): { claimed: ClaimedSignature; body: Uint8Array; signed: Uint8Array } {
    const body = bytesOf(rawBody);
    const claimed = readSignature(signature);
    const { id, timestamp } = claimed;
    if (!/^\d{1,12}$/.test(timestamp) || Math.abs(this.#now() - Number(timestamp) * 1_000) > this.#toleranceMs) {
      throw refused('stale-timestamp', 'the message is too old, or from the future');
    }
    return { claimed, body, signed: concat(bytesOf(`${id}.${timestamp}.`), body) };
  }

  #isSigned({ signatures }: ClaimedSignature, signed: Uint8Array): boolean {
    const given = signatures.filter(([scheme]) => scheme === 'v1');
    return this.#secrets.some((secret) => {
      const expected = encodeBase64(hmacSha256(secret, signed));
      return given.some(([, signature]) => isSame(expected, signature));
    });
  }

  async #isSignedByKey({ signatures }: ClaimedSignature, signed: Uint8Array): Promise<boolean> {
    for (const [scheme, signature] of signatures) {
      const bytes = scheme === 'v1a' ? decodeBase64(signature) : undefined;
      if (bytes === undefined) continue;
      for (const publicKey of this.#publicKeys) if (await verifyEd25519(publicKey, bytes, signed)) return true;
    }
    return false;
  }
}

function keyOf(text: string, prefix: string, minBytes: number): Uint8Array {
  const bytes = decodeBase64(text.startsWith(prefix) ? text.slice(prefix.length) : text);
  // The message names what is wrong, never the secret.
  if (bytes === undefined || bytes.length < minBytes)
    throw new MastGuardError(`not a \`${prefix}\` key: ${minBytes} bytes or more in base64`, { code: 'invalid-secret' });
  return bytes;
}

function bytesOf(raw: RawBody): Uint8Array {
  if (typeof raw === 'string') return new TextEncoder().encode(raw);
  if (ArrayBuffer.isView(raw)) return raw;
  if (Object.prototype.toString.call(raw) === '[object ArrayBuffer]') return new Uint8Array(raw);
  throw new TypeError('verify the raw body, not what was parsed from it');
}

/** In the same time whatever differs. */
function isSame(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let index = 0; index < expected.length; index += 1) difference |= expected.charCodeAt(index) ^ given.charCodeAt(index);
  return difference === 0;
}

function eventOf<Data>(body: Uint8Array, id: string): WebhookEvent<Data> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw refused('malformed-body', 'the body is signed, but it is not JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw refused('malformed-body', 'the body is signed, but it is no message');
  return { ...(parsed as Omit<WebhookEvent<Data>, 'id'>), id };
}

const refused = (code: string, message: string, cause?: unknown): MastGuardWebhookVerificationError =>
  new MastGuardWebhookVerificationError(message, { code, cause });
