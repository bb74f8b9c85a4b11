import { z } from 'zod';
import { Timestamp } from './ids.ts';
import { plainText } from './text.ts';
import { WEBHOOK_EVENT_TYPES } from './webhook-event.ts';

export const WebhookEventType = z.enum(WEBHOOK_EVENT_TYPES).meta({ id: 'WebhookEventType', description: 'What each carries: docs/spec/webhooks.md.' });

const TargetUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .max(2_048)
  .refine((url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''), 'must not hold a user name or password')
  .meta({ description: 'A secret: it is stored sealed and never shown again. Only https to public hosts, unless the operator allows more.' });

const name = plainText(200);
const types = z.array(WebhookEventType).max(32).meta({ description: 'What it is told of. Empty: everything, new types included.' });

export const WebhookEndpointInput = z.strictObject({ name, url: TargetUrl, types: types.optional() }).meta({ id: 'WebhookEndpointInput' });
export type WebhookEndpointInput = z.infer<typeof WebhookEndpointInput>;

export const WebhookEndpointChange = z
  .strictObject({ name: name.optional(), url: TargetUrl.optional(), types: types.optional() })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must change something')
  .meta({ id: 'WebhookEndpointChange', description: 'What is left out stays as it is.' });

const PublicKey = z.string().meta({ description: 'Ed25519, `whpk_` and base64: checks the signatures `v1a`.', example: 'whpk_…' });

const endpointShape = {
  id: z.string(),
  name: z.string(),
  host: z.string().meta({ description: 'All of the URL that is ever shown.' }),
  types: z.array(WebhookEventType),
  status: z.enum(['enabled', 'disabled']),
  disabledReason: z.enum(['by-request', 'gone']).nullable().meta({ description: 'gone: the other side has answered 410.' }),
  disabledAt: Timestamp.nullable(),
  failingSince: Timestamp.nullable().meta({ description: 'Of the first try that failed since the last one that did not.' }),
  lastError: z.string().nullable(),
  lastDeliveredAt: Timestamp.nullable(),
  throttledUntil: Timestamp.nullable().meta({ description: 'The other side has asked for a pause until then.' }),
  hasMissed: z.boolean().meta({ description: 'Entries were passed over while it was disabled, and have not been asked for.' }),
  publicKeys: z.array(PublicKey).meta({ description: 'Newest first; the older ones sign until their rotation is over.' }),
  createdBy: z.string(),
  createdAt: Timestamp,
};

export const WebhookEndpoint = z.strictObject(endpointShape).meta({ id: 'WebhookEndpoint' });
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

const Secret = z.string().meta({ description: 'Checks the signatures `v1`. Shown this once.', example: 'whsec_…' });

export const CreatedWebhookEndpoint = z.strictObject({ ...endpointShape, secret: Secret }).meta({ id: 'CreatedWebhookEndpoint' });

export const RotateWebhookSecretInput = z
  .strictObject({
    keepOldForHours: z.int().min(0).max(168).optional().meta({ description: 'So long messages are signed with the old secret as well. Default: 24.' }),
  })
  .meta({ id: 'RotateWebhookSecretInput' });

export const WebhookTest = z
  .strictObject({
    delivered: z.boolean(),
    httpStatus: z.int().nullable(),
    error: z.string().nullable().meta({ description: 'Why not, without addresses.' }),
  })
  .meta({ id: 'WebhookTest' });
export type WebhookTest = z.infer<typeof WebhookTest>;

export const WebhookDeliveryStatus = z.enum(['pending', 'delivered', 'failed', 'missed']).meta({
  id: 'WebhookDeliveryStatus',
  description: 'failed: given up after the last try, or at once where the endpoint is gone. missed: the endpoint was disabled before it was taken.',
});
export type WebhookDeliveryStatus = z.infer<typeof WebhookDeliveryStatus>;

export const WebhookDelivery = z
  .strictObject({
    messageId: z.string().meta({ description: '`webhook-id`, the same on every try and every replay.' }),
    type: WebhookEventType,
    seq: z.int().min(0).meta({ description: 'Entry of the ledger that it tells of.' }),
    occurredAt: Timestamp,
    status: WebhookDeliveryStatus,
    round: z.int().min(1).meta({ description: 'Counts how often it was sent anew.' }),
    attempts: z.int().min(0).meta({ description: 'Of this round.' }),
    httpStatus: z.int().nullable().meta({ description: 'Last answer; null where there was none.' }),
    lastError: z.string().nullable(),
    nextAttemptAt: Timestamp.nullable(),
    createdAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookReplayInput = z
  .union([
    z.strictObject({ messageId: z.string().min(1).max(128) }),
    z.strictObject({ since: Timestamp, until: Timestamp.optional() }),
    z.strictObject({ missed: z.literal(true) }),
  ])
  .meta({
    id: 'WebhookReplayInput',
    description: 'One message; all that happened from `since` on and before `until`; or whatever the endpoint has not taken: given up, or passed over.',
  });
export type WebhookReplayInput = z.infer<typeof WebhookReplayInput>;

export const WebhookReplay = z
  .strictObject({
    id: z.string(),
    endpointId: z.string(),
    scope: z.enum(['all', 'missed', 'message']),
    status: z.enum(['running', 'finished']).meta({ description: 'finished: every message of it is on its way, or its endpoint was disabled.' }),
    messages: z.int().min(0).meta({ description: 'So far.' }),
    requestedBy: z.string(),
    requestedAt: Timestamp,
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'WebhookReplay' });
export type WebhookReplay = z.infer<typeof WebhookReplay>;
