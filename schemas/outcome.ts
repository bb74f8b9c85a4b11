import { z } from 'zod';
import { EventId, Timestamp } from './ids.ts';
import { route } from './route.ts';
import { plainText } from './text.ts';

export const ReportedOutcome = z.enum(['executed', 'failed', 'unknown']).meta({
  id: 'ReportedOutcome',
  description: 'executed: it was done. failed: it was tried and not done. unknown: the agent cannot tell.',
});
export type ReportedOutcome = z.infer<typeof ReportedOutcome>;

export const OutcomeInput = z.strictObject({ outcome: ReportedOutcome, detail: plainText(1_024).optional() }).meta({ id: 'OutcomeInput' });

export const EventOutcome = z.strictObject({ eventId: EventId, outcome: ReportedOutcome, reportedAt: Timestamp }).meta({ id: 'EventOutcome' });

export const OUTCOME_ROUTES = {
  reportOutcome: route({
    method: 'post',
    path: '/api/v1/governance/events/{id}/outcome',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'Report how an action went, where its rule asks for it',
    request: { params: z.strictObject({ id: EventId }), body: OutcomeInput },
    responses: { 200: EventOutcome },
  }),
} as const;
