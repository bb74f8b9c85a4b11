import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { WebhookConfig } from '../schemas/channel.ts';

/** What a channel needs beside its kind. Empty for e-mail. */
export type ChannelConfig = Partial<WebhookConfig>;

/** The row a sealed configuration belongs to; in another row it does not open. */
export interface ChannelPlace {
  orgId: string;
  channelId: string;
}

export interface ChannelSeal {
  seal: (config: ChannelConfig, place: ChannelPlace) => Buffer;
  /** Throws when the bytes are not of this place or another master key sealed them. */
  open: (sealed: Buffer, place: ChannelPlace) => ChannelConfig;
}

/**
 * Keeps URLs and secrets of channels unreadable to whoever has the database alone: AES-256-GCM under a key per organisation, derived from
 * the master key. Layout: version (1) ‖ iv (12) ‖ tag (16) ‖ ciphertext.
 */
export function createChannelSeal(masterKey: Uint8Array): ChannelSeal {
  const keyOf = (orgId: string): Uint8Array => new Uint8Array(hkdfSync('sha256', masterKey, 'mastguard-channel', `v1:${orgId}`, 32));
  const placeOf = ({ orgId, channelId }: ChannelPlace): Buffer => Buffer.from(`${orgId}/${channelId}`);

  return {
    seal(config, place) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyOf(place.orgId), iv).setAAD(placeOf(place));
      const ciphertext = Buffer.concat([cipher.update(JSON.stringify(config), 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, place) {
      if (sealed[0] !== VERSION || sealed.length < HEAD_BYTES) throw new Error('the configuration of a channel is not sealed as it should be');
      const decipher = createDecipheriv('aes-256-gcm', keyOf(place.orgId), sealed.subarray(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(placeOf(place))
        .setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES));
      const text = Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8');
      return JSON.parse(text) as ChannelConfig;
    },
  };
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;
