import { z } from 'zod';
import { Timestamp } from './ids.ts';
import { plainText } from './text.ts';

const MemberId = z.string().min(1).max(128);

export const CreateDelegationInput = z
  .strictObject({
    to: MemberId.meta({ description: 'The member who may decide instead. Their role must decide reviews.' }),
    from: MemberId.optional().meta({ description: "Whose seat is filled. Default: the caller's own; another member's needs the scope members:manage." }),
    startsAt: Timestamp.optional().meta({ description: 'Default: now, which is also the earliest.' }),
    endsAt: Timestamp.meta({ description: 'Exclusive; at most one year after the start.' }),
    reason: plainText(1_024).optional(),
  })
  .meta({ id: 'CreateDelegationInput' });
export type CreateDelegationInput = z.infer<typeof CreateDelegationInput>;

export const Delegation = z
  .strictObject({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    startsAt: Timestamp,
    endsAt: Timestamp,
    reason: z.string().nullable(),
    createdBy: z.string(),
    createdAt: Timestamp,
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Delegation', description: 'Out of office: `to` may decide in place of `from` from `startsAt` until `endsAt`.' });
export type Delegation = z.infer<typeof Delegation>;
