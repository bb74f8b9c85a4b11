import { z } from 'zod';
import { EventId, PublicId, SessionId, Timestamp } from './ids.ts';
import { plainText } from './text.ts';

/** Whose data. */
export const ErasureSubject = z
  .union([
    z.strictObject({ user: z.string().min(1).max(256).meta({ description: 'As `principal.user` and `resource.ownerUser` name them; case does not matter.' }) }),
    z.strictObject({ sessionId: SessionId.meta({ description: 'What events of this session hold that name no user.' }) }),
    z.strictObject({ eventId: EventId.meta({ description: 'What an event holds that names neither user nor session.' }) }),
  ])
  .meta({ id: 'ErasureSubject' });
export type ErasureSubject = z.infer<typeof ErasureSubject>;

export const LegalGround = z
  .enum(['no-longer-necessary', 'consent-withdrawn', 'objection', 'unlawful-processing', 'legal-obligation', 'child-services', 'other'])
  .meta({ id: 'LegalGround', description: 'GDPR Art. 17(1) (a) to (f), or another one, which `groundText` states.' });
export type LegalGround = z.infer<typeof LegalGround>;

const asked = {
  legalGround: LegalGround,
  groundText: plainText(1_024).optional().meta({ description: 'Required by `other`. It is recorded in the clear and must not name the person.' }),
  reference: PublicId.optional().meta({ description: "The organisation's own number of the request. It must not name the person." }),
};

export const ErasureInput = z.strictObject({ subject: ErasureSubject, ...asked }).meta({ id: 'ErasureInput' });
export type ErasureInput = z.infer<typeof ErasureInput>;

const Count = z.int().min(0);

export const Erasure = z
  .strictObject({
    id: z.string().meta({ example: 'era_…' }),
    subject: z.strictObject({
      kind: z.enum(['user', 'session', 'event']),
      ref: z.string().meta({ description: 'What stands for the subject in the ledger. Whose it is cannot be told from it.' }),
    }),
    legalGround: LegalGround,
    groundText: z.string().nullable(),
    reference: z.string().nullable(),
    status: z.enum(['running', 'completed', 'cancelled']).meta({
      description:
        'The keys are destroyed in any case. running: histories of runs are being deleted. cancelled: those that are left go with their own retention.',
    }),
    requestedBy: z.string(),
    requestedAt: Timestamp,
    seq: z.int().min(0).meta({ description: 'Ledger entry of the destruction. What was recorded before it is erased.' }),
    keysDestroyed: Count,
    touched: z
      .strictObject({ events: Count, reviewSteps: Count, auditRecords: Count, reviews: Count })
      .meta({ description: 'Records that held something sealed.' }),
    progress: z.strictObject({ total: Count, done: Count, percent: z.int().min(0).max(100) }),
    backupsExpireAt: Timestamp.meta({ description: 'From then on no backup of the keys holds one of these.' }),
    historiesGoneAt: Timestamp.nullable().meta({ description: 'While running: at the latest. Completed: when the last one was gone.' }),
    finishedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Erasure', description: 'The receipt of a destruction of keys.' });
export type Erasure = z.infer<typeof Erasure>;
