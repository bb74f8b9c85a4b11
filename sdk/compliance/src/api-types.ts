/* eslint-disable max-lines -- generated */
// Made by generate-types.mjs from the OpenAPI document. Do not edit.

export interface Agent {
  agentId: AgentId;
  status: 'active' | 'stopped';
  stoppedReason: string | null;
  profile: AgentProfile | null;
  registeredAt: Timestamp;
  lastSeenAt: Timestamp | null;
}

/** Stable name of the agent. */
export type AgentId = string;

export interface AgentProfile {
  owner?: string | undefined;
  purpose?: string | undefined;
  /** Absent: no grant check. Empty: no tool is granted. */
  grantedTools?: { name: string; args?: Record<string, { type?: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | undefined; required?: boolean | undefined; min?: number | undefined; max?: number | undefined; maxLength?: number | undefined; enum?: Json[] | undefined; pattern?: string | undefined }> | undefined; additionalArgs?: boolean | undefined; labels?: { source?: 'trusted' | 'untrusted' | undefined; reads?: 'public' | 'internal' | 'private' | undefined; effect?: 'none' | 'write' | 'egress' | 'destroy' | 'exec' | undefined } | undefined }[] | undefined;
  limits?: { maxSteps?: number | undefined; maxDurationMs?: number | undefined; maxTokens?: number | undefined; maxSpend?: number | undefined; maxBulkCount?: number | undefined } | undefined;
  scope?: { paths?: string[] | undefined; hosts?: string[] | undefined; clearance?: 'public' | 'internal' | 'private' | undefined } | undefined;
}

/** The agent is to report how the action went: `POST /governance/events/{id}/outcome`. */
export interface Attestation {
  withinMs: number;
  /** Null where the time runs from the use of the approval. */
  dueAt: Timestamp | null;
}

export interface BatchDecision {
  reviewId: string;
  verb: 'approve' | 'reject' | 'escalate' | 'abstain' | 'respond';
  /** Required by `break-glass` and where the plan says so. */
  reason?: string | undefined;
  /** For the agent. Required by `respond`. */
  message?: string | undefined;
  /** The `actionDigest` the reviewer saw. Where it has changed since, nothing is decided. */
  digest?: string | undefined;
}

export interface BatchDecisionAnswer {
  reviewId: string;
  /** closed: somebody else, or the clock, was first. */
  status: 'recorded' | 'closed' | 'refused';
  /** Why it was refused: as `refusal` of a single decision, `not-found`, or `asked-twice`. */
  code?: string | undefined;
  detail?: string | undefined;
  /** Of the review that is asked, after the batch; null where there is no such review. */
  reviewStatus: ReviewStatus | null;
}

export interface BatchDecisionAnswers {
  /** In the order of the decisions. */
  data: BatchDecisionAnswer[];
}

export interface BatchDecisionsInput {
  decisions: BatchDecision[];
}

/** Events that have happened already. Up to 500 and 1 MiB. */
export interface BatchInput {
  events: EventInput[];
}

export interface BatchResult {
  data: { eventId: EventId; status: 'decided' | 'conflict' | 'quota'; decision?: Decision | undefined }[];
}

export interface BusinessCalendar {
  /** Time zone by its IANA name. */
  zone: string;
  /** Days left out are closed. */
  days: Record<string, { from: string; to: string }[]>;
  /** Dates in the zone that are closed whatever their weekday. */
  holidays?: string[] | undefined;
}

/** Digest of the action about to be done, as `docs/spec/action-digest.md` defines it. */
export interface ConsumeInput {
  digest: string;
}

export interface ConsumedApproval {
  proceed: true;
  reviewId: string;
  eventId: EventId;
  digest: string;
  /** The edited arguments, where a reviewer changed them. */
  args: Record<string, Json> | null;
  consumedAt: Timestamp;
  receipt: { seq: number; entryHash: string };
}

export interface CreateGrantInput {
  agentId: AgentId;
  /** Exact name. */
  tool: string;
  /** By argument. A call with an argument that is not named here is not covered. */
  bounds: Record<string, { type?: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | undefined; required?: boolean | undefined; min?: number | undefined; max?: number | undefined; maxLength?: number | undefined; enum?: Json[] | undefined; pattern?: string | undefined }>;
  maxUses: number;
  reason: string;
  /** Only in this session. */
  sessionId?: SessionId | undefined;
  /** The review it comes from. Nobody behind its request may give it. */
  reviewId?: string | undefined;
  /** At most 8 hours ahead. */
  expiresAt: Timestamp;
}

export interface CreatedWebhookEndpoint {
  id: string;
  name: string;
  /** All of the URL that is ever shown. */
  host: string;
  types: WebhookEventType[];
  status: 'enabled' | 'disabled';
  /** gone: the other side has answered 410. */
  disabledReason: 'by-request' | 'gone' | null;
  disabledAt: Timestamp | null;
  /** Of the first try that failed since the last one that did not. */
  failingSince: Timestamp | null;
  lastError: string | null;
  lastDeliveredAt: Timestamp | null;
  /** The other side has asked for a pause until then. */
  throttledUntil: Timestamp | null;
  /** Entries were passed over while it was disabled, and have not been asked for. */
  hasMissed: boolean;
  /** Newest first; the older ones sign until their rotation is over. */
  publicKeys: string[];
  createdBy: string;
  createdAt: Timestamp;
  /** Checks the signatures `v1`. Shown this once. */
  secret: string;
}

/** The recorded answer. A retry with the same event id returns it unchanged. */
export interface Decision {
  id: string;
  eventId: EventId;
  value: DecisionValue;
  mast: MastFinding[];
  riskScore: number;
  reasons: string[];
  policy: { version: string; ruleId: string | null } | null;
  review?: ReviewRef | undefined;
  attestation?: Attestation | undefined;
  receipt: Receipt;
  latencyMs: number;
}

/** ALLOW: proceed. BLOCK: do not. HITL: wait for a reviewer. ALERT: proceed, flagged for review. */
export type DecisionValue = 'ALLOW' | 'BLOCK' | 'HITL' | 'ALERT';

/** What the decision would be. Nothing is stored. */
export interface EvaluationResult {
  value: DecisionValue;
  mast: MastFinding[];
  riskScore: number;
  reasons: string[];
  policy: { version: string; ruleId: string | null } | null;
  policyError: { ruleId: string; detail: string } | null;
  findings: { category: 'Memory' | 'Action' | 'Space' | 'Time'; mode: string | null; detector: 'mem.override' | 'mem.obfuscation' | 'act.scope' | 'act.args' | 'act.destroy' | 'act.exec' | 'spc.tenant' | 'spc.scope' | 'spc.cred' | 'tim.loop' | 'tim.noend' | 'tim.hitlflood'; confidence: number; outcome: 'alert' | 'hitl' | 'block'; reason: string; evidence: Record<string, string | number | boolean | string[]> }[];
}

export interface EventDetail {
  decision: Decision;
  event: RecordedEvent;
  /** Personal fields of the event have been erased: see `/audit/erasures`. */
  erased: boolean;
  mode: 'governed' | 'observed';
  review: { id: string; status: ReviewStatus } | null;
}

/** Chosen by the caller, or made by the server (`evt_…`). */
export type EventId = string;

/** One action of one agent. `agentId` and `action` alone are enough. */
export interface EventInput {
  id?: EventId | undefined;
  agentId: AgentId;
  /** What the agent is about to do. */
  action: string;
  sessionId?: SessionId | undefined;
  occurredAt?: Timestamp | undefined;
  channel?: 'user' | 'system' | 'tool_result' | 'tool_args' | 'memory' | 'agent_message' | undefined;
  trust?: 'trusted' | 'untrusted' | undefined;
  tool?: { name: string; args?: Record<string, Json> | undefined; labels?: { source?: 'trusted' | 'untrusted' | undefined; reads?: 'public' | 'internal' | 'private' | undefined; effect?: 'none' | 'write' | 'egress' | 'destroy' | 'exec' | undefined } | undefined } | undefined;
  resource?: { type: string; id: string; ownerOrg?: string | undefined; ownerUser?: string | undefined; path?: string | undefined; host?: string | undefined } | undefined;
  principal?: { org?: string | undefined; user?: string | undefined } | undefined;
  intent?: string | undefined;
  content?: string | undefined;
  metadata?: Record<string, Json> | undefined;
  labels?: string[] | undefined;
}

export interface EventOutcome {
  eventId: EventId;
  outcome: ReportedOutcome;
  reportedAt: Timestamp;
}

export interface EventSummary {
  eventId: EventId;
  seq: number;
  recordedAt: Timestamp;
  agentId: AgentId;
  action: string;
  sessionId: SessionId | null;
  value: DecisionValue;
  riskScore: number;
  categories: ('Memory' | 'Action' | 'Space' | 'Time')[];
  policy: { version: string; ruleId: string | null } | null;
}

/** What an SDK did with an event on its own. The event itself is delivered first. */
export interface FailModeInput {
  /** What the SDK was set to do where MastGuard cannot be asked. */
  mode: 'block' | 'allow' | 'local-policy';
  /** What that made of the event. ALLOW and ALERT: the agent went on. */
  value: DecisionValue;
  /** Why MastGuard could not be asked. */
  cause: 'deadline' | 'unreachable' | 'server-error' | 'rate-limited' | 'quota';
  /** By the clock of the agent's machine. */
  decidedAt: Timestamp;
}

/** The report as it stands in the ledger. There is one of an event at most. */
export interface FailModeReport {
  eventId: EventId;
  /** What the SDK was set to do where MastGuard cannot be asked. */
  mode: 'block' | 'allow' | 'local-policy';
  /** What that made of the event. ALLOW and ALERT: the agent went on. */
  value: DecisionValue;
  /** Why MastGuard could not be asked. */
  cause: 'deadline' | 'unreachable' | 'server-error' | 'rate-limited' | 'quota';
  /** By the clock of the agent's machine. */
  decidedAt: Timestamp;
  recordedAt: Timestamp;
  receipt: { seq: number; entryHash: string };
}

/** A person's leave for one agent to use one tool within bounds, for a while, so often: what would wait for a review passes. It lifts no BLOCK. */
export interface Grant {
  id: string;
  agentId: AgentId;
  /** Exact name. */
  tool: string;
  /** By argument. A call with an argument that is not named here is not covered. */
  bounds: Record<string, { type?: 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | undefined; required?: boolean | undefined; min?: number | undefined; max?: number | undefined; maxLength?: number | undefined; enum?: Json[] | undefined; pattern?: string | undefined }>;
  maxUses: number;
  /** Empty where it has been erased. */
  reason: string;
  sessionId: SessionId | null;
  reviewId: string | null;
  expiresAt: Timestamp;
  uses: number;
  /** Member id. */
  grantedBy: string;
  createdAt: Timestamp;
  revokedAt: Timestamp | null;
}

export interface GrantUse {
  eventId: EventId;
  at: Timestamp;
}

/** Any JSON value (I-JSON, RFC 7493). */
export type Json = unknown;

export interface MastFinding {
  category: 'Memory' | 'Action' | 'Space' | 'Time';
  /** Mode code of arXiv 2503.13657v3, or null where it has none. */
  mode: string | null;
  detector: 'mem.override' | 'mem.obfuscation' | 'act.scope' | 'act.args' | 'act.destroy' | 'act.exec' | 'spc.tenant' | 'spc.scope' | 'spc.cred' | 'tim.loop' | 'tim.noend' | 'tim.hitlflood';
  confidence: number;
}

export interface OutcomeInput {
  outcome: ReportedOutcome;
  detail?: string | undefined;
}

export interface Receipt {
  seq: number;
  entryHash: string;
  /** Size of the newest signed checkpoint when recorded; 0 before the first. */
  checkpointSize: number;
}

/** The event as it was sent. Personal fields that have been erased are absent. */
export interface RecordedEvent {
  id?: EventId | undefined;
  agentId: AgentId;
  /** What the agent is about to do. */
  action: string;
  sessionId?: SessionId | undefined;
  occurredAt?: Timestamp | undefined;
  channel?: 'user' | 'system' | 'tool_result' | 'tool_args' | 'memory' | 'agent_message' | undefined;
  trust?: 'trusted' | 'untrusted' | undefined;
  tool?: { name: string; args?: Record<string, Json> | undefined; labels?: { source?: 'trusted' | 'untrusted' | undefined; reads?: 'public' | 'internal' | 'private' | undefined; effect?: 'none' | 'write' | 'egress' | 'destroy' | 'exec' | undefined } | undefined } | undefined;
  resource?: { type: string; id?: string | undefined; ownerOrg?: string | undefined; ownerUser?: string | undefined; path?: string | undefined; host?: string | undefined } | undefined;
  principal?: { org?: string | undefined; user?: string | undefined } | undefined;
  intent?: string | undefined;
  content?: string | undefined;
  metadata?: Record<string, Json> | undefined;
  labels?: string[] | undefined;
}

/** executed: it was done. failed: it was tried and not done. unknown: the agent cannot tell. */
export type ReportedOutcome = 'executed' | 'failed' | 'unknown';

export interface Review {
  id: string;
  /** `gate`: the agent waits. `after`: judges what has happened already. */
  kind: 'gate' | 'after';
  eventId: EventId;
  agentId: AgentId;
  action: string;
  sessionId: SessionId | null;
  status: ReviewStatus;
  /** What the agent may do; null while pending. */
  outcome: 'allow' | 'block' | null;
  riskScore: number;
  reasons: string[];
  policy: { version: string; ruleId: string | null } | null;
  /** Index into `plan.levels`. */
  level: number;
  plan: ReviewPolicy;
  /** Standing votes of the level. */
  votes: { memberId: string; seat: string; verb: 'approve' | 'abstain'; at: Timestamp; via?: string | undefined }[];
  steps: ReviewStep[];
  /** The review that is asked instead: the same action of the same session was pending already. */
  joinedTo: string | null;
  /** Reviews that are decided together with this one. */
  joined: string[];
  /** What an approval covers: action, tool, arguments, resource, agent and policy version. Null where it is erased. */
  actionDigest: string | null;
  /** The arguments a reviewer put in place of those asked for. */
  args: Record<string, Json> | null;
  /** A reviewer's text to the agent. */
  response: string | null;
  /** Set once the outcome is `allow`. It is good for one action. */
  approval: { expiresAt: Timestamp; consumedAt: Timestamp | null } | null;
  createdAt: Timestamp;
  dueAt: Timestamp | null;
  expiresAt: Timestamp;
  decidedAt: Timestamp | null;
  /** The sweep that settled it, see `/hitl/sweeps`. */
  settledBy: string | null;
  /** Texts, arguments and digest have been erased: see `/audit/erasures`. */
  erased: boolean;
}

export interface ReviewDecisionInput {
  verb: 'approve' | 'reject' | 'escalate' | 'respond' | 'edit' | 'abstain' | 'break-glass';
  /** Required by `break-glass` and where the plan says so. */
  reason?: string | undefined;
  /** For the agent. Required by `respond`. */
  message?: string | undefined;
  /** The arguments to approve instead. Required by `edit`. */
  args?: Record<string, Json> | undefined;
  /** The `actionDigest` the reviewer saw. Where it has changed since, nothing is decided. */
  digest?: string | undefined;
}

export interface ReviewPolicy {
  levels: { reviewers: { users?: string[] | undefined; roles?: ('Owner' | 'Admin' | 'Reviewer')[] | undefined; groups?: string[] | undefined }; quorum?: number | 'all' | undefined; separation?: ('Owner' | 'Admin' | 'Reviewer')[] | undefined; withinMs: number; remindEveryMs?: number | undefined; businessHours?: BusinessCalendar | undefined }[];
  /** What stands when every level ran out of time. Default: block. */
  outcome?: 'block' | 'allow' | undefined;
  /** Reviewers may approve with other arguments. Default: no. */
  allowEdit?: boolean | undefined;
  /** Every decision carries a reason. Default: no. */
  reasonRequired?: boolean | undefined;
  /** No level is approved by one person alone. Default: no. */
  twoPerson?: boolean | undefined;
  /** An approval that is not consumed within this time has expired. Default: one hour. */
  approvalTtlMs?: number | undefined;
  breakGlass?: { reviewers: { users?: string[] | undefined; roles?: ('Owner' | 'Admin' | 'Reviewer')[] | undefined; groups?: string[] | undefined }; reviewWithinMs: number } | undefined;
}

export interface ReviewRef {
  id: string;
  expiresAt: Timestamp;
  url: string;
}

/** approved, rejected, responded: people decided. expired: nobody did in time. withdrawn: the agent no longer asks. released, refused: a change of policy, agent, key or a stop decided while it waited. */
export type ReviewStatus = 'pending' | 'approved' | 'rejected' | 'responded' | 'expired' | 'withdrawn' | 'released' | 'refused';

export interface ReviewStep {
  step: 'approve' | 'reject' | 'escalate' | 'respond' | 'edit' | 'abstain' | 'break-glass' | 'timeout' | 'impossible' | 'void' | 'withdraw' | 'revise' | 'consume';
  /** Member id, `key:<id>`, or `system`. */
  actor: string;
  /** The member whose seat the actor filled, by delegation. */
  onBehalfOf?: string | undefined;
  /** `session`, `key:<id>`, `link:<id>` or `webhook:<id of the secret>`. */
  via?: string | undefined;
  level: number;
  at: Timestamp;
  reason?: string | undefined;
  message?: string | undefined;
  /** What the step was about, where that has changed: the digest of the edited arguments or new policy. */
  digest?: string | undefined;
  /** Since the level was asked. */
  tookMs?: number | undefined;
  /** An approval within five seconds of asking. */
  quick?: boolean | undefined;
  /** Members whose votes no longer count. */
  voided?: string[] | undefined;
}

export interface RotateWebhookSecretInput {
  /** So long messages are signed with the old secret as well. Default: 24. */
  keepOldForHours?: number | undefined;
}

/** Groups the events of one task or conversation. */
export type SessionId = string;

/** RFC 3339 date and time. */
export type Timestamp = string;

export interface Usage {
  plan: 'free' | 'pro' | 'enterprise';
  /** The calendar month, in UTC. */
  period: { start: Timestamp; end: Timestamp };
  events: { used: number; included: number | null; limit: number | null };
}

export interface WebhookDelivery {
  /** `webhook-id`, the same on every try and every replay. */
  messageId: string;
  type: WebhookEventType;
  /** Entry of the ledger that it tells of. */
  seq: number;
  occurredAt: Timestamp;
  status: WebhookDeliveryStatus;
  /** Counts how often it was sent anew. */
  round: number;
  /** Of this round. */
  attempts: number;
  /** Last answer; null where there was none. */
  httpStatus: number | null;
  lastError: string | null;
  nextAttemptAt: Timestamp | null;
  createdAt: Timestamp;
  finishedAt: Timestamp | null;
}

/** failed: given up after the last try, or at once where the endpoint is gone. missed: the endpoint was disabled before it was taken. */
export type WebhookDeliveryStatus = 'pending' | 'delivered' | 'failed' | 'missed';

export interface WebhookEndpoint {
  id: string;
  name: string;
  /** All of the URL that is ever shown. */
  host: string;
  types: WebhookEventType[];
  status: 'enabled' | 'disabled';
  /** gone: the other side has answered 410. */
  disabledReason: 'by-request' | 'gone' | null;
  disabledAt: Timestamp | null;
  /** Of the first try that failed since the last one that did not. */
  failingSince: Timestamp | null;
  lastError: string | null;
  lastDeliveredAt: Timestamp | null;
  /** The other side has asked for a pause until then. */
  throttledUntil: Timestamp | null;
  /** Entries were passed over while it was disabled, and have not been asked for. */
  hasMissed: boolean;
  /** Newest first; the older ones sign until their rotation is over. */
  publicKeys: string[];
  createdBy: string;
  createdAt: Timestamp;
}

/** What is left out stays as it is. */
export interface WebhookEndpointChange {
  name?: string | undefined;
  /** A secret: it is stored sealed and never shown again. Only https to public hosts, unless the operator allows more. */
  url?: string | undefined;
  /** What it is told of. Empty: everything, new types included. */
  types?: WebhookEventType[] | undefined;
}

export interface WebhookEndpointInput {
  name: string;
  /** A secret: it is stored sealed and never shown again. Only https to public hosts, unless the operator allows more. */
  url: string;
  /** What it is told of. Empty: everything, new types included. */
  types?: WebhookEventType[] | undefined;
}

/** What each carries: docs/spec/webhooks.md. */
export type WebhookEventType = 'governance.decision.blocked' | 'governance.decision.alerted' | 'governance.review.opened' | 'governance.review.decided' | 'policy.violated' | 'agent.stopped' | 'agent.resumed' | 'erasure.completed';

export interface WebhookReplay {
  id: string;
  endpointId: string;
  scope: 'all' | 'missed' | 'message';
  /** finished: every message of it is on its way, or its endpoint was disabled. */
  status: 'running' | 'finished';
  /** So far. */
  messages: number;
  requestedBy: string;
  requestedAt: Timestamp;
  finishedAt: Timestamp | null;
}

/** One message; all that happened from `since` on and before `until`; or whatever the endpoint has not taken: given up, or passed over. */
export type WebhookReplayInput = { messageId: string } | { since: Timestamp; until?: Timestamp | undefined } | { missed: true };

export interface WebhookTest {
  delivered: boolean;
  httpStatus: number | null;
  /** Why not, without addresses. */
  error: string | null;
}

/** What each operation takes and answers, by method and path. */
export interface Operations {
  /** Revoke a grant at once */
  'DELETE /api/v1/hitl/grants/{id}': { path: { id: string }; response: void };
  /** Send nothing to this endpoint any more, and forget its URL and secret */
  'DELETE /api/v1/webhooks/endpoints/{id}': { path: { id: string }; response: void };
  /** What has been used of the plan in the present month */
  'GET /api/v1/billing/usage': { response: Usage };
  /** List agents by id */
  'GET /api/v1/governance/agents': { query?: { limit?: number | undefined; cursor?: string | undefined }; response: { data: Agent[]; nextCursor: string | null } };
  /** One agent */
  'GET /api/v1/governance/agents/{agentId}': { path: { agentId: AgentId }; response: Agent };
  /** List events, newest first */
  'GET /api/v1/governance/events': { query?: { limit?: number | undefined; cursor?: string | undefined; agentId?: AgentId | undefined; value?: DecisionValue | undefined; sessionId?: SessionId | undefined }; response: { data: EventSummary[]; nextCursor: string | null } };
  /** One event with its decision and review */
  'GET /api/v1/governance/events/{id}': { path: { id: EventId }; response: EventDetail };
  /** List grants, newest first */
  'GET /api/v1/hitl/grants': { query?: { limit?: number | undefined; cursor?: string | undefined; agentId?: AgentId | undefined }; response: { data: Grant[]; nextCursor: string | null } };
  /** The events a grant has let pass, in order */
  'GET /api/v1/hitl/grants/{id}/uses': { path: { id: string }; query?: { limit?: number | undefined; cursor?: string | undefined }; response: { data: GrantUse[]; nextCursor: string | null } };
  /** What waits for people, highest risk first, then oldest */
  'GET /api/v1/hitl/queue': { query?: { limit?: number | undefined; cursor?: string | undefined }; response: { data: Review[]; nextCursor: string | null } };
  /** List reviews, newest first */
  'GET /api/v1/hitl/reviews': { query?: { limit?: number | undefined; cursor?: string | undefined; status?: ReviewStatus | undefined }; response: { data: Review[]; nextCursor: string | null } };
  /** One review; with `wait`, answers when it changes or the time is over */
  'GET /api/v1/hitl/reviews/{id}': { path: { id: string }; query?: { wait?: number | undefined }; response: Review };
  /** List endpoints by id */
  'GET /api/v1/webhooks/endpoints': { query?: { limit?: number | undefined; cursor?: string | undefined }; response: { data: WebhookEndpoint[]; nextCursor: string | null } };
  /** One endpoint and how it does */
  'GET /api/v1/webhooks/endpoints/{id}': { path: { id: string }; response: WebhookEndpoint };
  /** What was sent to an endpoint, latest event first */
  'GET /api/v1/webhooks/endpoints/{id}/deliveries': { path: { id: string }; query?: { limit?: number | undefined; cursor?: string | undefined; status?: WebhookDeliveryStatus | undefined }; response: { data: WebhookDelivery[]; nextCursor: string | null } };
  /** Let a stopped agent act again */
  'POST /api/v1/governance/agents/{agentId}/resume': { path: { agentId: AgentId }; response: Agent };
  /** Stop an agent: its events are blocked from now on */
  'POST /api/v1/governance/agents/{agentId}/stop': { path: { agentId: AgentId }; body: { reason: string }; response: Agent };
  /** Dry run: what would be decided now; stores nothing and uses no grant up */
  'POST /api/v1/governance/evaluate': { body: EventInput; response: EvaluationResult };
  /** Govern one event and answer the decision */
  'POST /api/v1/governance/events': { body: EventInput; response: Decision };
  /** Record events after the fact */
  'POST /api/v1/governance/events/batch': { body: BatchInput; response: BatchResult };
  /** Report what the SDK did with an event while MastGuard could not be asked */
  'POST /api/v1/governance/events/{id}/fail-mode': { path: { id: EventId }; body: FailModeInput; response: FailModeReport };
  /** Report how an action went, where its rule asks for it */
  'POST /api/v1/governance/events/{id}/outcome': { path: { id: EventId }; body: OutcomeInput; response: EventOutcome };
  /** Decide up to 100 reviews at once, as a person; a retry with the same `X-Request-Id` is the same operation */
  'POST /api/v1/hitl/decisions': { body: BatchDecisionsInput; response: BatchDecisionAnswers };
  /** Let one agent use one tool within bounds, for a while, so often */
  'POST /api/v1/hitl/grants': { body: CreateGrantInput; response: Grant };
  /** Use the approval, once, for the action of this digest */
  'POST /api/v1/hitl/reviews/{id}/consume': { path: { id: string }; body: ConsumeInput; response: ConsumedApproval };
  /** Approve, reject, escalate, respond, edit, abstain or break the glass, as a person */
  'POST /api/v1/hitl/reviews/{id}/decision': { path: { id: string }; body: ReviewDecisionInput; response: Review };
  /** Withdraw the request, as the agent */
  'POST /api/v1/hitl/reviews/{id}/withdraw': { path: { id: string }; body: { reason?: string | undefined }; response: Review };
  /** Add an endpoint; its secret is shown once, its URL never again */
  'POST /api/v1/webhooks/endpoints': { body: WebhookEndpointInput; response: CreatedWebhookEndpoint };
  /** Send nothing until it is enabled again */
  'POST /api/v1/webhooks/endpoints/{id}/disable': { path: { id: string }; response: WebhookEndpoint };
  /** Go on from now; what was missed is sent when it is asked for */
  'POST /api/v1/webhooks/endpoints/{id}/enable': { path: { id: string }; response: WebhookEndpoint };
  /** Send one message, a span of time, or everything missed once more, under the same ids */
  'POST /api/v1/webhooks/endpoints/{id}/replay': { path: { id: string }; body: WebhookReplayInput; response: WebhookReplay };
  /** A new secret and key pair; the old ones go on signing for a while */
  'POST /api/v1/webhooks/endpoints/{id}/rotate-secret': { path: { id: string }; body: RotateWebhookSecretInput; response: CreatedWebhookEndpoint };
  /** Send a `webhook.test` once and answer what came of it */
  'POST /api/v1/webhooks/endpoints/{id}/test': { path: { id: string }; response: WebhookTest };
  /** Set an agent's profile, registering the agent where it is new */
  'PUT /api/v1/governance/agents/{agentId}': { path: { agentId: AgentId }; body: AgentProfile; response: Agent };
  /** Change name, URL or types */
  'PUT /api/v1/webhooks/endpoints/{id}': { path: { id: string }; body: WebhookEndpointChange; response: WebhookEndpoint };
}
