import type { WebhookConfig } from '../schemas/channel.ts';
import { createJsonSeal, type JsonSeal } from './json-seal.ts';

/** What a channel needs beside its kind. Empty for e-mail. */
export type ChannelConfig = Partial<WebhookConfig>;

export type ChannelSeal = JsonSeal<ChannelConfig>;

/** Keeps URLs and secrets of channels unreadable to whoever has the database alone. */
export const createChannelSeal = (masterKey: Uint8Array): ChannelSeal => createJsonSeal(masterKey, 'mastguard-channel');
