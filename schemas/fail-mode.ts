import { z } from 'zod';
import { DecisionValue, Receipt } from './decision.ts';
import { EventId, Timestamp } from './ids.ts';
import { route } from './route.ts';

const shape = {
  mode: z.enum(['block', 'allow', 'local-policy']).meta({ description: 'What the SDK was set to do where MastGuard cannot be asked.' }),
  value: DecisionValue.meta({ description: 'What that made of the event. ALLOW and ALERT: the agent went on.' }),
  cause: z.enum(['deadline', 'unreachable', 'server-error', 'rate-limited', 'quota']).meta({ description: 'Why MastGuard could not be asked.' }),
  decidedAt: Timestamp.meta({ description: "By the clock of the agent's machine." }),
};

export const FailModeInput = z
  .strictObject(shape)
  .meta({ id: 'FailModeInput', description: 'What an SDK did with an event on its own. The event itself is delivered first.' });
export type FailModeInput = z.infer<typeof FailModeInput>;

export const FailModeReport = z
  .strictObject({ eventId: EventId, ...shape, recordedAt: Timestamp, receipt: Receipt.pick({ seq: true, entryHash: true }) })
  .meta({ id: 'FailModeReport', description: 'The report as it stands in the ledger. There is one of an event at most.' });
export type FailModeReport = z.infer<typeof FailModeReport>;

export const FAIL_MODE_ROUTES = {
  reportFailMode: route({
    method: 'post',
    path: '/api/v1/governance/events/{id}/fail-mode',
    scope: 'events:write',
    tag: 'Governance',
    summary: 'Report what the SDK did with an event while MastGuard could not be asked',
    request: { params: z.strictObject({ id: EventId }), body: FailModeInput },
    responses: { 200: FailModeReport },
  }),
} as const;
