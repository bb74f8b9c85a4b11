import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { createBoundedMap } from '../core/bounded-map.ts';

const ProtoPayload = proto.temporal.api.common.v1.Payload;

const ENCODING = 'binary/encrypted';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface OrganizationCodec extends PayloadCodec {
  /** Encodes for an organisation that no workflow id names. */
  encodeFor: (organization: string, payloads: Payload[]) => Promise<Payload[]>;
}

/** Payloads of no organisation, such as those of schedules. */
const SYSTEM = 'system';

/**
 * Encrypts every payload before it leaves the process: AES-256-GCM, one data key per organisation, derived from the master key
 * (HKDF-SHA-256), key id in the metadata. The organisation is read from the workflow id. Layout: iv (12) ‖ tag (16) ‖ ciphertext.
 * @param masterKey 32 bytes, kept outside both databases
 */
export function createPayloadCodec(masterKey: Buffer): OrganizationCodec {
  if (masterKey.length !== 32) throw new Error('the master key must have 32 bytes');
  const dataKeys = createBoundedMap<Buffer>(10_000);
  const dataKey = (keyId: string): Buffer => {
    let key = dataKeys.get(keyId);
    if (key === undefined) {
      key = Buffer.from(hkdfSync('sha256', masterKey, 'mastguard-payload', keyId, 32));
      dataKeys.set(keyId, key);
    }
    return key;
  };

  const encodeFor = async (organization: string, payloads: Payload[]): Promise<Payload[]> => {
    const keyId = `v1:${organization}`;
    return payloads.map((payload) => encrypt(payload, keyId, dataKey(keyId)));
  };

  return {
    encodeFor,
    encode: (payloads, context) => encodeFor(organizationOf(context?.workflowId), payloads),
    async decode(payloads) {
      return payloads.map((payload) => {
        if (textOf(payload.metadata?.['encoding']) !== ENCODING) return payload;
        const keyId = textOf(payload.metadata?.['encryption-key-id']);
        return decrypt(payload, keyId, dataKey(keyId));
      });
    },
  };
}

const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

function organizationOf(workflowId: string | undefined): string {
  return /^[a-z]+\/([0-9a-f-]{36})\//.exec(workflowId ?? '')?.[1] ?? SYSTEM;
}

/** Random bytes in one draw for many payloads: the system call costs more than the cipher. */
let pool = Buffer.alloc(0);
function drawIv(): Buffer {
  if (pool.length < IV_BYTES) pool = randomBytes(IV_BYTES * 256);
  const iv = pool.subarray(0, IV_BYTES);
  pool = pool.subarray(IV_BYTES);
  return iv;
}

function encrypt(payload: Payload, keyId: string, key: Buffer): Payload {
  const iv = drawIv();
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(keyId));
  const plain = ProtoPayload.encode(payload).finish();
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(keyId) },
    data: Buffer.concat([iv, cipher.getAuthTag(), ciphertext]),
  };
}

function decrypt(payload: Payload, keyId: string, key: Buffer): Payload {
  const data = Buffer.from(payload.data ?? []);
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(keyId))
    .setAuthTag(data.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const plain = Buffer.concat([decipher.update(data.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return ProtoPayload.decode(plain);
}
