import type { WebhookConfig } from '../schemas/channel.ts';
import { createJsonSeal } from './json-seal.ts';

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

/** Keeps URLs and secrets of channels unreadable to whoever has the database alone. */
export function createChannelSeal(masterKey: Uint8Array): ChannelSeal {
  const { seal, open } = createJsonSeal<ChannelConfig>(masterKey, 'mastguard-channel');
  return {
    seal: (config, { orgId, channelId: id }) => seal(config, { orgId, id }),
    open: (sealed, { orgId, channelId: id }) => open(sealed, { orgId, id }),
  };
}
