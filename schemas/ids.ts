import { z } from 'zod';

/** Ids a caller may choose. They show in the Temporal UI, so the alphabet is narrow and they must not hold personal data. */
export const PublicId = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -');

export const EventId = PublicId.meta({
  id: 'EventId',
  description: 'Chosen by the caller, or made by the server (`evt_…`).',
  example: 'evt_order-4711-refund',
});
export const AgentId = PublicId.meta({ id: 'AgentId', description: 'Stable name of the agent.', example: 'billing-assistant' });
export const SessionId = PublicId.meta({ id: 'SessionId', description: 'Groups the events of one task or conversation.' });

export const Timestamp = z.iso.datetime({ offset: true }).meta({ id: 'Timestamp', description: 'RFC 3339 date and time.' });
