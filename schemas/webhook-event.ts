import { z } from 'zod';
import { DecidingPolicy, DecisionValue } from './decision.ts';
import { AgentId, EventId, Timestamp } from './ids.ts';
import { MastCategory } from './mast.ts';
import { ReviewStatus, ReviewStepName } from './review.ts';

const Url = z.url().meta({ description: 'Where the API tells more, to whoever may read it.' });
const Seq = z.int().min(0).meta({ description: "Place in the organisation's ledger." });

const decided = {
  eventId: EventId,
  decisionId: z.string(),
  agentId: AgentId,
  action: z.string(),
  value: DecisionValue,
  categories: z.array(MastCategory),
  riskScore: z.int().min(0).max(100),
  policy: DecidingPolicy.nullable(),
  seq: Seq,
  url: Url,
};

const DecisionData = z.strictObject(decided);
const ReviewOpenedData = z.strictObject({ ...decided, reviewId: z.string(), expiresAt: Timestamp, reviewUrl: Url });
const ReviewDecidedData = z.strictObject({
  reviewId: z.string(),
  eventId: EventId,
  status: ReviewStatus.exclude(['pending']),
  step: ReviewStepName,
  actor: z.string().meta({ description: 'Member id, `key:<id>`, or `system`.' }),
  seq: Seq,
  url: Url,
});
const ViolationData = z.strictObject({
  eventId: EventId,
  agentId: AgentId,
  value: z.string().meta({ description: 'The decision, or what became of the action.' }),
  ruleId: z.string().nullable(),
  detectors: z.array(z.string()),
  riskScore: z.int().min(0).max(100).nullable(),
  seq: Seq,
  url: Url,
});
const AgentsData = z.strictObject({
  agents: z.array(z.string()).meta({ description: 'Ids; `*` is every agent. Empty where a stop was lifted: the stop says which.' }),
  stopId: z.string().nullable().meta({ description: 'Of an order that stops several.' }),
  actor: z.string().meta({ description: '`key:<id>`, `member:<id>` or `system`.' }),
  seq: Seq,
  url: Url,
});
const ErasureData = z.strictObject({ erasureId: z.string(), keysDestroyed: z.int().min(0), seq: Seq, url: Url });
const TestData = z.strictObject({ endpointId: z.string() });

/** What each type of message carries as `data`: ids, values and links. Never what a person wrote, and nothing of what is sealed. */
export const WEBHOOK_DATA = {
  'governance.decision.blocked': DecisionData,
  'governance.decision.alerted': DecisionData,
  'governance.review.opened': ReviewOpenedData,
  'governance.review.decided': ReviewDecidedData,
  'policy.violated': ViolationData,
  'agent.stopped': AgentsData,
  'agent.resumed': AgentsData,
  'erasure.completed': ErasureData,
  'webhook.test': TestData,
} as const;

export type WebhookMessageType = keyof typeof WEBHOOK_DATA;
/** Those that an endpoint chooses among. A test comes to whoever asks for one. */
export type WebhookEventType = Exclude<WebhookMessageType, 'webhook.test'>;
export const WEBHOOK_EVENT_TYPES = Object.keys(WEBHOOK_DATA).filter((type) => type !== 'webhook.test') as [WebhookEventType, ...WebhookEventType[]];

export type WebhookData<Type extends WebhookMessageType = WebhookMessageType> = z.infer<(typeof WEBHOOK_DATA)[Type]>;

/** The body of a message. Its id is in the headers. */
export interface WebhookMessage {
  type: WebhookMessageType;
  /** When it happened, RFC 3339; not when it was sent. */
  timestamp: string;
  data: WebhookData;
}

/** Schema of one type's body, by name, for OpenAPI. */
export const webhookMessage = (type: WebhookMessageType) => z.strictObject({ type: z.literal(type), timestamp: Timestamp, data: WEBHOOK_DATA[type] });
