import { z } from 'zod';
import { Timestamp } from './ids.ts';
import { plainText } from './text.ts';

export const ChannelKind = z.enum(['email', 'slack', 'teams', 'webhook']);
export type ChannelKind = z.infer<typeof ChannelKind>;

export const NoticeOccasion = z.enum(['asked', 'reminded', 'decided', 'expired', 'changed']).meta({
  id: 'NoticeOccasion',
  description:
    'asked: a level is asked. reminded: it still has not decided. decided: people have. expired: nobody did in time. changed: withdrawn, released or refused.',
});
export type NoticeOccasion = z.infer<typeof NoticeOccasion>;

const TargetUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .max(2_048)
  .refine((url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''), 'must not hold a user name or password')
  .meta({ description: 'A secret: it is stored sealed and never shown again. Only https to public hosts, unless the operator allows more.' });

const ChatConfig = z.strictObject({ url: TargetUrl });
const WebhookConfig = z.strictObject({
  url: TargetUrl,
  secret: z
    .string()
    .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be whsec_ and 24 to 64 bytes in base64')
    .optional()
    .meta({ description: 'Signs each message as Standard Webhooks says. Stored sealed and never shown again.' }),
});
export type WebhookConfig = z.infer<typeof WebhookConfig>;

const common = {
  name: plainText(200),
  occasions: z.array(NoticeOccasion).min(1).max(5).optional().meta({ description: 'What is told over this channel. Default: asked and reminded.' }),
};

export const ChannelInput = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('email'), config: z.strictObject({}).optional(), ...common }),
    z.strictObject({ kind: z.literal('slack'), config: ChatConfig, ...common }),
    z.strictObject({ kind: z.literal('teams'), config: ChatConfig, ...common }),
    z.strictObject({ kind: z.literal('webhook'), config: WebhookConfig, ...common }),
  ])
  .meta({ id: 'ChannelInput', description: 'email: a message to each person who may decide, with a link to decide. The others: one message to all.' });
export type ChannelInput = z.infer<typeof ChannelInput>;

export const Channel = z
  .strictObject({
    id: z.string(),
    kind: ChannelKind,
    name: z.string(),
    occasions: z.array(NoticeOccasion),
    host: z.string().nullable().meta({ description: 'All of the URL that is ever shown.' }),
    signed: z.boolean().meta({ description: 'Messages are signed with a secret.' }),
    createdBy: z.string(),
    createdAt: Timestamp,
  })
  .meta({ id: 'Channel' });
export type Channel = z.infer<typeof Channel>;

export const ChannelTest = z
  .strictObject({
    delivered: z.boolean(),
    error: z.string().nullable().meta({ description: 'Why not, without addresses.' }),
  })
  .meta({ id: 'ChannelTest' });
export type ChannelTest = z.infer<typeof ChannelTest>;

export const Notification = z
  .strictObject({
    id: z.string(),
    channelId: z.string(),
    occasion: NoticeOccasion,
    level: z.int().min(0),
    memberId: z.string().nullable().meta({ description: 'The person it goes to; null where it goes to a chat or a webhook.' }),
    status: z.enum(['pending', 'sent', 'failed', 'skipped']).meta({
      description: 'sent: the other side has taken it. failed: given up. skipped: decided before it was sent.',
    }),
    attempts: z.int().min(0),
    lastError: z.string().nullable(),
    createdAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof Notification>;
