import { z } from 'zod';
import { DecidingPolicy } from './decision.ts';
import { AgentId, EventId, SessionId, Timestamp } from './ids.ts';
import { JsonObject } from './json.ts';
import { ReviewPolicy } from './review-policy.ts';
import { plainText } from './text.ts';

export const ReviewStatus = z.enum(['pending', 'approved', 'rejected', 'responded', 'expired', 'withdrawn', 'released', 'refused']).meta({
  id: 'ReviewStatus',
  description:
    'approved, rejected, responded: people decided. expired: nobody did in time. withdrawn: the agent no longer asks. ' +
    'released, refused: a change of policy, agent, key or a stop decided while it waited.',
});
export type ReviewStatus = z.infer<typeof ReviewStatus>;

export const ReviewVerb = z.enum(['approve', 'reject', 'escalate', 'respond', 'edit', 'abstain', 'break-glass']);
export type ReviewVerb = z.infer<typeof ReviewVerb>;

const Digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

export const ReviewDecisionInput = z
  .strictObject({
    verb: ReviewVerb,
    reason: plainText(2_048).optional().meta({ description: 'Required by `break-glass` and where the plan says so.' }),
    message: plainText(4_096).optional().meta({ description: 'For the agent. Required by `respond`.' }),
    args: JsonObject.optional().meta({ description: 'The arguments to approve instead. Required by `edit`.' }),
    digest: Digest.optional().meta({ description: 'The `actionDigest` the reviewer saw. Where it has changed since, nothing is decided.' }),
  })
  .meta({ id: 'ReviewDecisionInput' });
export type ReviewDecisionInput = z.infer<typeof ReviewDecisionInput>;

export const ReviewStepName = z.enum([...ReviewVerb.options, 'timeout', 'impossible', 'void', 'withdraw', 'revise', 'consume']);
export type ReviewStepName = z.infer<typeof ReviewStepName>;

/** One thing that happened to a review: a person's decision, or a level running out of time. */
export const ReviewStep = z
  .strictObject({
    step: ReviewStepName,
    actor: z.string().meta({ description: 'Member id, `key:<id>`, or `system`.' }),
    onBehalfOf: z.string().optional().meta({ description: 'The member whose seat the actor filled, by delegation.' }),
    via: z.string().optional().meta({ description: '`session`, `key:<id>`, `link:<id>` or `webhook:<id of the secret>`.' }),
    level: z.int().min(0),
    at: Timestamp,
    reason: z.string().optional(),
    message: z.string().optional(),
    digest: z.string().optional().meta({ description: 'What the step was about, where that has changed: the digest of the edited arguments or new policy.' }),
    tookMs: z.int().min(0).optional().meta({ description: 'Since the level was asked.' }),
    quick: z.boolean().optional().meta({ description: 'An approval within five seconds of asking.' }),
    voided: z.array(z.string()).optional().meta({ description: 'Members whose votes no longer count.' }),
  })
  .meta({ id: 'ReviewStep' });
export type ReviewStep = z.infer<typeof ReviewStep>;

export const ReviewVote = z.strictObject({
  memberId: z.string(),
  seat: z.string().meta({ description: 'The member whose seat it fills: the voter, or whoever delegated to them.' }),
  verb: z.enum(['approve', 'abstain']),
  at: Timestamp,
  via: z.string().optional(),
});
export type ReviewVote = z.infer<typeof ReviewVote>;

export const Review = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['gate', 'after']).meta({ description: '`gate`: the agent waits. `after`: judges what has happened already.' }),
    eventId: EventId,
    agentId: AgentId,
    action: z.string(),
    sessionId: SessionId.nullable(),
    status: ReviewStatus,
    outcome: z.enum(['allow', 'block']).nullable().meta({ description: 'What the agent may do; null while pending.' }),
    riskScore: z.int().min(0).max(100),
    reasons: z.array(z.string()),
    policy: DecidingPolicy.nullable(),
    level: z.int().min(0).meta({ description: 'Index into `plan.levels`.' }),
    plan: ReviewPolicy,
    votes: z.array(ReviewVote).meta({ description: 'Standing votes of the level.' }),
    steps: z.array(ReviewStep),
    joinedTo: z.string().nullable().meta({ description: 'The review that is asked instead: the same action of the same session was pending already.' }),
    joined: z.array(z.string()).meta({ description: 'Reviews that are decided together with this one.' }),
    actionDigest: z
      .string()
      .nullable()
      .meta({ description: 'What an approval covers: action, tool, arguments, resource, agent and policy version. Null where it is erased.' }),
    args: JsonObject.nullable().meta({ description: 'The arguments a reviewer put in place of those asked for.' }),
    response: z.string().nullable().meta({ description: "A reviewer's text to the agent." }),
    approval: z
      .strictObject({ expiresAt: Timestamp, consumedAt: Timestamp.nullable() })
      .nullable()
      .meta({ description: 'Set once the outcome is `allow`. It is good for one action.' }),
    createdAt: Timestamp,
    dueAt: Timestamp.nullable(),
    expiresAt: Timestamp,
    decidedAt: Timestamp.nullable(),
    settledBy: z.string().nullable().meta({ description: 'The sweep that settled it, see `/hitl/sweeps`.' }),
    erased: z.boolean().meta({ description: 'Texts, arguments and digest have been erased: see `/audit/erasures`.' }),
  })
  .meta({ id: 'Review' });
export type Review = z.infer<typeof Review>;

export const ConsumeInput = z.strictObject({ digest: Digest }).meta({
  id: 'ConsumeInput',
  description: 'Digest of the action about to be done, as `docs/spec/action-digest.md` defines it.',
});

export const ConsumeRefusal = z.enum([
  'pending',
  'rejected',
  'expired',
  'digest_mismatch',
  'already_consumed',
  'policy_changed',
  'agent_stopped',
  'withdrawn',
  'erased',
]);
export type ConsumeRefusal = z.infer<typeof ConsumeRefusal>;

export const ConsumedApproval = z
  .strictObject({
    proceed: z.literal(true),
    reviewId: z.string(),
    eventId: EventId,
    digest: Digest,
    args: JsonObject.nullable().meta({ description: 'The edited arguments, where a reviewer changed them.' }),
    consumedAt: Timestamp,
    receipt: z.strictObject({ seq: z.int().min(0), entryHash: z.string() }),
  })
  .meta({ id: 'ConsumedApproval' });
export type ConsumedApproval = z.infer<typeof ConsumedApproval>;
