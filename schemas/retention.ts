import { z } from 'zod';
import { Timestamp } from './ids.ts';

const Count = z.int().min(0);

export const Retention = z
  .strictObject({
    retentionDays: Count.meta({ description: 'What is recorded now is kept that many days.' }),
    extensions: z
      .array(z.strictObject({ beforeSeq: Count, days: Count }))
      .meta({ description: 'Entries before a number that are kept longer than they were recorded for.' }),
    reduction: z
      .strictObject({
        beforeSeq: Count,
        days: Count.meta({ description: 'Entries before `beforeSeq` are kept that many days, but none goes before `effectiveAt`.' }),
        noticeAt: Timestamp,
        effectiveAt: Timestamp,
        goes: z
          .strictObject({ agentEvents: Count, hitlDecisions: Count, auditRecords: Count, policyViolations: Count })
          .meta({ description: 'Bodies that it takes on that day. What is on hold now does not count.' }),
        export: z.string().meta({ description: 'Where to take everything away before.' }),
      })
      .nullable()
      .meta({ description: 'What a change of plan takes back; a change to a plan that keeps as long cancels it.' }),
    lastPurge: z
      .strictObject({
        seq: Count.meta({ description: 'The entry that says what is gone.' }),
        at: Timestamp,
        upTo: Count.meta({ description: 'Nothing is gone from this entry on.' }),
        minIndex: Count.meta({ description: 'Entries before this one are gone with their hashes; the roots of their tiles stay.' }),
      })
      .nullable(),
  })
  .meta({ id: 'Retention' });
export type Retention = z.infer<typeof Retention>;
