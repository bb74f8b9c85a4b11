import { z } from 'zod';
import { AgentId, EventId, Timestamp } from './ids.ts';
import { plainText } from './text.ts';

export const AlertStatus = z.enum(['open', 'acknowledged', 'dismissed', 'escalated']).meta({
  id: 'AlertStatus',
  description: 'acknowledged: seen, and right to be raised. dismissed: a false positive. escalated: people judge the event in a review.',
});
export type AlertStatus = z.infer<typeof AlertStatus>;

export const AlertCause = z.enum(['decision', 'outcome-silent', 'outcome-failed', 'break-glass', 'escalation', 'ledger', 'webhook', 'fail-mode']).meta({
  id: 'AlertCause',
  description:
    'decision: the event was decided ALERT. outcome-silent, outcome-failed: the agent did not report how an action went, or that it failed. ' +
    'break-glass: somebody approved alone, or that was not found right afterwards. escalation: an escalated alert was not found harmless. ' +
    'ledger: a check of the own ledger has found what the one before had not. webhook: an endpoint takes nothing any more. ' +
    'fail-mode: while MastGuard could not be asked, an SDK let pass what is, or would have been, decided BLOCK or HITL.',
});
export type AlertCause = z.infer<typeof AlertCause>;

export const HandleAlertInput = z.strictObject({ note: plainText(2_048).optional() }).meta({ id: 'HandleAlertInput' });

/** Something to look at that did not wait for anybody. */
export const Alert = z
  .strictObject({
    id: z.string(),
    eventId: EventId.nullable().meta({ description: 'Null, as are agent and action, where the ledger itself, or a webhook, is the matter.' }),
    agentId: AgentId.nullable(),
    action: z.string().nullable(),
    cause: AlertCause,
    riskScore: z.int().min(0).max(100),
    reasons: z.array(z.string()),
    status: AlertStatus,
    reviewId: z.string().nullable().meta({ description: 'The review that raised it.' }),
    escalatedTo: z.string().nullable().meta({ description: 'The review that judges it.' }),
    createdAt: Timestamp,
    handledAt: Timestamp.nullable(),
    handledBy: z.string().nullable().meta({ description: 'Member id.' }),
    note: z.string().nullable(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;
